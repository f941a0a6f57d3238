import { createHash } from 'node:crypto';
import { MillraceError } from '../errors.ts';
import type { Limiter } from '../limiter.ts';
import type { Every, Plan, RollupPlan } from '../plan/plan.ts';
import { type Question, type QuestionColumn, questionColumns } from '../plan/question.ts';
import { type Sampling, sampleBounds, samplingOf } from '../plan/questions/sampling.ts';
import type { SeriesQuestion } from '../plan/questions/series.ts';
import { readQuestion } from '../plan/read-question.ts';
import { type Choice, chooseServing, keptSinceMs, type Serving } from '../plan/serving.ts';
import type { Cache } from '../ports/cache.ts';
import type { Clock } from '../ports/clock.ts';
import { resultLines } from '../ports/result-rows.ts';
import { exactJson, type Store } from '../ports/store.ts';
import { AnswerCache } from './answer-cache.ts';
import { costRefusal, isForRows } from './cost-refusal.ts';
import { type AnswerRow, fillGaps } from './fill-gaps.ts';
import { isoOrNull } from './iso-or-null.ts';
import { mayAsk, type Reader, readKeyLimited } from './reader.ts';
import { rowsWithProgress } from './rows-with-progress.ts';

/** What `POST /v1/query` answers. */
export interface Answer {
  /** Those of each row, in their order. */
  readonly columns: readonly QuestionColumn[];
  /**
   * `bucket` (its first instant, ISO 8601 in UTC), the dimensions, the measures.
   * 64-bit integers and decimals are strings, as everywhere in Millrace's JSON.
   */
  readonly rows: readonly AnswerRow[];
  /** Whether there are more rows than the limit let through. */
  readonly truncated: boolean;
  /** The table that was read: `events` or a rollup's name. */
  readonly served_by: string;
  /**
   * From when on that table has everything; null if nothing has been dropped from it by age, nor
   * was gone when it was filled.
   */
  readonly kept_since: string | null;
  /** Everything that was in the log before this moment is in the answer; null while that is not known. */
  readonly as_of: string | null;
  /** Whether it was made for somebody who asked before. Then so are the numbers below. */
  readonly cached: boolean;
  readonly rows_read: number;
  readonly elapsed_ms: number;
  /** The part of the time that was read; null if all was, so that it is exact. Only where a sample was asked for. */
  readonly sampled?: Sampled | null;
  /** How it came about; only where that was asked. */
  readonly explanation?: Explanation;
}

export interface Sampled {
  /** Of the time from `since` to `until`. */
  readonly share: number;
  /** How many slices of the time were read, and how long each is. */
  readonly slices: number;
  readonly slice_ms: number;
}

export interface Explanation {
  /** The statement that was run. */
  readonly sql: string;
  /** The same question of the events themselves: the SQL endpoint takes it, which reads no table of a rollup's states. */
  readonly events_sql: string;
  readonly bytes_read: number;
  /** How many of the rows `fill` has added: buckets without events. */
  readonly rows_filled: number;
  /** `events` and every rollup, and why it served or did not. */
  readonly tables: readonly {
    readonly name: string;
    readonly served: boolean;
    readonly why: string;
  }[];
}

/** A rollup whose table has everything, but what was gone when it was filled. */
export interface ServedRollup {
  readonly rollup: RollupPlan;
  /** What happened before this (epoch ms) it may lack; null if nothing. */
  readonly completeSinceMs: number | null;
}

export interface AnswerOptions {
  readonly plan: Plan;
  /** Those that can answer now. */
  readonly rollups: () => readonly ServedRollup[];
  readonly store: Store;
  readonly clock: Clock;
  /** Up to when (epoch ms) what answers has everything that was in the log; null if that is not known. */
  readonly asOfMs: (serving: Serving) => number | null;
  /** Changes with what an answer is read from, also where it only may have; null while that is not known. */
  readonly versionOf: (serving: Serving) => string | null;
  readonly cache: Cache;
  /** Where questions wait for the store. */
  readonly line: Limiter;
  /** The statements that answer, for the store's dialect. */
  readonly statements: {
    readonly answer: (question: Question, serving: Serving) => string;
    readonly buckets: (
      every: Every,
      range: { readonly sinceMs: number; readonly untilMs: number; readonly zone: string },
    ) => string;
  };
  /** What one question may cost, as settings of the engine. */
  readonly settings: { readonly [name: string]: string | number };
  /** What would read more rows of a table is refused before it reads any. */
  readonly rowsReadMax: number;
}

/**
 * @param document the question as JSON says it.
 * @returns an `Answer` as JSON: its rows are as the store wrote them, because
 *   reading and writing thousands of them again takes as long as a rollup does.
 * @throws MillraceError `question_invalid`, `question_too_costly`, `read_key_limited`, `overloaded`,
 *   `shutting_down`.
 */
export type AnswerQuestion = (
  document: unknown,
  reader: Reader,
  signal?: AbortSignal,
) => Promise<string>;

export async function createAnswering(options: AnswerOptions): Promise<AnswerQuestion> {
  const { plan, store, clock, cache, line } = options;
  const zones = await timeZones(store);
  const answers = new AnswerCache({ cache, clock, line });
  return async (document, reader, signal) => {
    const question = readQuestion(document, plan, {
      knowsZone: (name) => zones.has(name),
      nowMs: clock.now(),
    });
    for (;;) {
      const choice = choose(question, reader, options);
      const { serving } = choice;
      if (serving.kind === 'events' && !mayAsk(reader, 'events')) throw unserved(choice, reader);
      const key = keyOf(question, serving, reader);
      const source = () => ({
        // In this order: what came before this moment is in any of this version.
        asOfMs: options.asOfMs(serving),
        version: options.versionOf(serving),
      });
      const asked = { key, source, ageMsMax: question.ageMsMax, signal };
      try {
        const given = await answers.answer(asked, async (whileAwaited) => {
          // Chosen and read in one go: the store keeps a table for those that have begun to read it.
          const chosen = choose(question, reader, options);
          if (keyOf(question, chosen.serving, reader) !== key) throw new ServedOtherwise();
          return await textOf(question, chosen, reader, options, whileAwaited);
        });
        const about: Pick<Answer, 'as_of' | 'cached'> = {
          as_of: isoOrNull(given.asOfMs),
          cached: given.cached,
        };
        return `${given.text.slice(0, -1)},${JSON.stringify(about).slice(1)}`;
      } catch (error) {
        if (!(error instanceof ServedOtherwise)) throw error;
      }
    }
  };
}

/** While the question waited another table came to answer it, and this one may be gone. */
class ServedOtherwise extends Error {
  override readonly name = 'ServedOtherwise';
}

interface Chosen extends Choice {
  readonly served: readonly ServedRollup[];
}

function choose(
  question: Question,
  reader: Reader,
  { plan, clock, rollups: there }: AnswerOptions,
): Chosen {
  const served = there().filter(({ rollup }) => mayAsk(reader, rollup.name));
  const rollups = served.map(({ rollup }) => rollup);
  return { ...chooseServing(question, { ...plan, rollups }, clock.now()), served };
}

/** What it is about, and which table says so. A definition that changed is another table, or another name. */
function keyOf({ ageMsMax: _, ...question }: Question, serving: Serving, reader: Reader): string {
  const table = serving.kind === 'rollup' ? serving.rollup.table : 'events';
  // Only an explanation tells one reader of tables that another may not ask.
  const told = question.explain && reader.tables !== null ? [[...reader.tables].sort()] : [];
  return createHash('sha256')
    .update(JSON.stringify([table, question, ...told]))
    .digest('hex');
}

/**
 * A table answers only those who may ask it, though a rollup says nothing that
 * the events do not: it may keep what they have dropped by age.
 */
const unserved = ({ considered }: Choice, reader: Reader): MillraceError => {
  const reasons = considered.filter(({ name }) => name !== 'events');
  return readKeyLimited(
    reader,
    ['and this question needs events', ...reasons.map(({ name, why }) => `${name}: ${why}`)]
      .join('. ')
      .replace(/\.$/, ''),
  );
};

/** An `Answer` without what is only known when it is given. */
async function textOf(
  question: Question,
  { serving, considered, served }: Chosen,
  reader: Reader,
  options: AnswerOptions,
  signal: AbortSignal,
): Promise<string> {
  const { plan, clock, statements } = options;
  const { sql, sampling, lines, rowsRead, bytesRead, elapsedMs } = await readWithin(
    question,
    serving,
    options,
    signal,
  );
  const within = lines.slice(0, question.rowsMax);
  const keepMs = serving.kind === 'rollup' ? serving.rollup.keepMs : plan.keepMs;
  const completeMs = served.find(
    ({ rollup }) => serving.kind === 'rollup' && rollup.table === serving.rollup.table,
  )?.completeSinceMs;
  const keptMs = latest(keptSinceMs(keepMs, clock.now()), completeMs ?? null);
  const name = serving.kind === 'rollup' ? serving.rollup.name : 'events';
  const waiting = plan.rollups.filter((one) =>
    served.every(({ rollup }) => rollup.name !== one.name),
  );
  const tables = [
    ...considered,
    ...waiting.map((rollup) => ({ name: rollup.name, why: 'It is being filled.' })),
  ]
    .filter((table) => mayAsk(reader, table.name))
    .map((table) => ({ ...table, served: table.name === name }));
  const isFilled = question.kind === 'series' && question.fill;
  const rows = isFilled ? await filled(question, lines, options, signal) : within;
  const about: Omit<Answer, 'rows' | 'as_of' | 'cached'> = {
    columns: questionColumns(question),
    truncated: within.length < lines.length,
    served_by: name,
    kept_since: isoOrNull(keptMs),
    rows_read: rowsRead,
    elapsed_ms: Math.round(elapsedMs),
    ...(isSample(question) ? { sampled: sampling === null ? null : sampledOf(sampling) } : {}),
    ...(question.explain
      ? {
          explanation: {
            sql,
            events_sql: statements.answer(question, { kind: 'events' }),
            bytes_read: bytesRead,
            rows_filled: rows.length - within.length,
            tables,
          },
        }
      : {}),
  };
  return `${JSON.stringify(about).slice(0, -1)},"rows":[${rows.join(',')}]}`;
}

interface ReadWithin extends Rows {
  readonly sql: string;
  readonly sampling: Sampling | null;
}

/** All of it, or the sample that was asked for: the greatest of halves that is not refused for its rows. */
async function readWithin(
  question: Question,
  serving: Serving,
  options: AnswerOptions,
  signal: AbortSignal,
): Promise<ReadWithin> {
  const settings = { ...options.settings, max_rows_to_read: options.rowsReadMax };
  const samplings = serving.kind === 'events' ? samplingsOf(question) : [null];
  for (const [index, sampling] of samplings.entries()) {
    const sql = options.statements.answer(
      question,
      sampling === null ? serving : { kind: 'events', sampling },
    );
    try {
      return { sql, sampling, ...(await read(sql, { ...options, settings }, signal)) };
    } catch (error) {
      if (index === samplings.length - 1 || !isForRows(error)) throw error;
    }
  }
  throw new MillraceError('internal', 'A question has no part that could be read.');
}

/** What to try in turn; null is all. */
function samplingsOf(question: Question): readonly (Sampling | null)[] {
  if (!isSample(question)) return [null];
  if (question.sample !== 'auto') return [samplingOf(question, question.sample)];
  const { oneInMin, oneInMax } = sampleBounds;
  const halvings = Math.floor(Math.log2(oneInMax / oneInMin)) + 1;
  const parts = Array.from({ length: halvings }, (_, at) =>
    samplingOf(question, oneInMin * 2 ** at),
  );
  return [null, ...parts.filter((sampling) => sampling !== null)];
}

const isSample = (
  question: Question,
): question is SeriesQuestion & { readonly sample: number | 'auto' } =>
  question.kind === 'series' && question.sample !== null;

const sampledOf = ({ oneIn, sliceMs, drawn }: Sampling): Sampled => ({
  share: 1 / oneIn,
  slices: drawn.length,
  slice_ms: sliceMs,
});

const latest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.max(a, b);

async function filled(
  question: SeriesQuestion,
  lines: readonly string[],
  options: AnswerOptions,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { every, sinceMs, untilMs, zone, rowsMax } = question;
  if (every === null || sinceMs === null || untilMs === null) return lines;
  const range = { sinceMs, untilMs, zone };
  const buckets = await read(options.statements.buckets(every, range), options, signal);
  const full = fillGaps(
    question,
    lines.map(rowOf),
    buckets.lines.map((line) => String(rowOf(line).bucket)),
  );
  if (lines.length <= rowsMax && full.length <= rowsMax)
    return full.map((row) => JSON.stringify(row));
  throw new MillraceError(
    'question_invalid',
    `fill: These would be more than ${rowsMax} rows. Ask for a shorter range, wider buckets or fewer groups.`,
  );
}

const rowOf = (line: string): AnswerRow => JSON.parse(line);

interface Rows {
  /** A JSON object each. */
  readonly lines: readonly string[];
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly elapsedMs: number;
}

async function read(
  sql: string,
  { store, settings }: AnswerOptions,
  signal: AbortSignal | undefined,
): Promise<Rows> {
  try {
    const result = await store.read(sql, {
      format: 'JSONEachRowWithProgress',
      settings: { ...settings, ...exactJson },
      ...(signal ? { signal } : {}),
    });
    return { ...rowsWithProgress(resultLines(result)), elapsedMs: result.elapsedMs };
  } catch (error) {
    throw costRefusal(error);
  }
}

async function timeZones(store: Store): Promise<ReadonlySet<string>> {
  const result = await store.read('SELECT time_zone FROM system.time_zones', {
    format: 'TabSeparated',
  });
  return new Set(resultLines(result));
}

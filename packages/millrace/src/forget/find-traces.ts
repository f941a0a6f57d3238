import { MillraceError } from '../errors.ts';
import type { RollupPlan } from '../plan/plan.ts';
import { eventIdOf } from '../ports/event-line.ts';
import type { ForgetOrder, FoundTraces } from '../ports/forget-progress.ts';
import type { LogReader } from '../ports/log.ts';
import { streamedRows } from '../ports/result-rows.ts';
import type { Store } from '../ports/store.ts';
import { letterNames } from './letter-names.ts';
import { type TheirEvent, theirLines } from './their-lines.ts';
import { touchedRollups } from './touched-rollups.ts';

/** The questions, in the store's dialect. */
export interface TraceQuestions {
  /** Offset, type and time (`ms`, epoch ms) of each stored event of theirs. */
  readonly theirEvents: (past: PastEvents) => string;
  /** Dead letters at offsets before one that may name them. */
  readonly lettersToLookAt: (past: PastLetters, before: number) => string;
}

/** What was accepted of a person: events of theirs before an offset of a log. */
export type PastEvents = Pick<ForgetOrder, 'person' | 'before'>;

/** Dead letters that name them, before an offset of a log. */
export type PastLetters = Pick<ForgetOrder, 'person' | 'lettersBefore'>;

export interface FindEventsOptions {
  /** Without what was forgotten before. */
  readonly log: LogReader;
  /** What the archive has of it; null where there is none, or nothing in it. */
  readonly archive: LogReader | null;
  readonly store: Pick<Store, 'stream'>;
  readonly questions: Pick<TraceQuestions, 'theirEvents'>;
  readonly signal: AbortSignal;
}

export interface FindLettersOptions {
  readonly store: Pick<Store, 'stream'>;
  readonly questions: Pick<TraceQuestions, 'lettersToLookAt'>;
  /** Where the dead letters end that the store may have of what was accepted before. */
  readonly lettersEnd: number;
  /** Ids of events of theirs that the store has not. */
  readonly unstored: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

export interface FindTracesOptions
  extends Omit<FindEventsOptions, 'questions'>,
    Omit<FindLettersOptions, 'questions' | 'unstored'> {
  readonly questions: TraceQuestions;
  /** Versions of rollups that have everything. */
  readonly versions: readonly RollupPlan[];
}

/** Events of theirs in one partition. */
export interface TheirEvents {
  readonly byOffset: ReadonlyMap<number, TheirEvent>;
  /** Ids of those that the store refused: they are among dead letters. */
  readonly unstored: ReadonlySet<string>;
  /** Offsets of those that the archive has, ascending. */
  readonly archived: readonly number[];
}

export interface FoundEvents extends FoundTraces {
  readonly offsets: Iterable<number>;
}

/** Looks for what there is of a person: in the store, in the log, in the archive, among dead letters. */
export async function findTraces(
  order: PastEvents & PastLetters,
  options: FindTracesOptions,
): Promise<FoundEvents> {
  const { byOffset, unstored, archived } = await findEvents(order, options);
  return {
    events: byOffset.size,
    letters: await findLetters(order, { ...options, unstored }),
    archived,
    rollups: touchedRollups(options.versions, byOffset.values()),
    offsets: byOffset.keys(),
  };
}

/** Looks for events of a person in one partition: in the store, in the log, in the archive. */
export async function findEvents(
  past: PastEvents,
  options: FindEventsOptions,
): Promise<TheirEvents> {
  const byOffset = new Map<number, TheirEvent>();
  for await (const { offset, type, ms } of rows<StoredEvent>(
    options.questions.theirEvents(past),
    options,
  )) {
    byOffset.set(Number(offset), { type, timestamp: Number(ms) });
  }
  // What the store refused is in the log alone, and among dead letters.
  const unstored = new Set<string>();
  for await (const { offset, eventId, ...event } of inLog(options.log, past, options)) {
    if (byOffset.has(offset)) continue;
    byOffset.set(offset, event);
    unstored.add(eventId);
  }
  const archived: number[] = [];
  if (options.archive !== null) {
    for await (const { offset, type, timestamp } of inLog(options.archive, past, options)) {
      archived.push(offset);
      byOffset.set(offset, { type, timestamp });
    }
  }
  return { byOffset, unstored, archived };
}

interface StoredEvent {
  readonly offset: string;
  readonly type: string;
  readonly ms: string;
}

const limits = { rowsMax: 20_000, bytesMax: 16 * 1024 ** 2 };

async function* inLog(
  log: LogReader,
  { before, person }: PastEvents,
  { signal }: Pick<FindEventsOptions, 'signal'>,
): AsyncGenerator<TheirEvent & { readonly offset: number; readonly eventId: string }> {
  for (let next = log.start; next < Math.min(before, log.end); ) {
    signal.throwIfAborted();
    const rowsMax = Math.min(limits.rowsMax, before - next);
    const slice = await log.read(next, { ...limits, rowsMax }).catch((error: unknown) => {
      // Its retention dropped the records while the ones before were being looked at.
      if (error instanceof MillraceError && error.code === 'log_trimmed') return null;
      throw error;
    });
    if (slice === null) {
      next = log.start;
      continue;
    }
    for (const { row, ...event } of theirLines(slice.lines, person)) {
      const offset = slice.from + row;
      if (offset < before) yield { offset, ...event };
    }
    next = slice.to;
  }
}

interface LetterRow {
  readonly offset: string;
  readonly code: string;
  readonly protocol: string;
  readonly raw_base64: string;
}

/** Offsets of the letters that name them; of those that came after the order only what was accepted before it. */
export async function findLetters(
  past: PastLetters,
  options: FindLettersOptions,
): Promise<readonly number[]> {
  const { lettersBefore, person } = past;
  const names = ({ offset, code, protocol, raw_base64 }: LetterRow): boolean => {
    const raw = Buffer.from(raw_base64, 'base64').toString();
    if (Number(offset) < lettersBefore) return letterNames({ protocol, raw }, person);
    return code === 'store_refused' && options.unstored.has(eventIdOf(raw));
  };
  const offsets: number[] = [];
  const question = options.questions.lettersToLookAt(past, options.lettersEnd);
  for await (const letter of rows<LetterRow>(question, options)) {
    if (names(letter)) offsets.push(Number(letter.offset));
  }
  return offsets;
}

/** As a stream, because there may be any number, and letters are long. */
const rows = <Row>(
  sql: string,
  { store, signal }: Pick<FindEventsOptions, 'store' | 'signal'>,
): AsyncGenerator<Row, void, void> => streamedRows<Row>(store.stream(sql, { signal }));

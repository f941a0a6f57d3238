import { MillraceError } from '../errors.ts';
import type { RollupPlan } from '../plan/plan.ts';
import type { ForgetOrder, FoundTraces } from '../ports/forget-progress.ts';
import type { LogReader } from '../ports/log.ts';
import { resultRows } from '../ports/result-rows.ts';
import type { Store } from '../ports/store.ts';
import { letterNames } from './letter-names.ts';
import { type TheirEvent, theirLines } from './their-lines.ts';
import { touchedRollups } from './touched-rollups.ts';

/** The questions, in the store's dialect. */
export interface TraceQuestions {
  /** Offset, type and time (`ms`, epoch ms) of each stored event of theirs. */
  readonly theirEvents: (order: ForgetOrder) => string;
  /** Dead letters at offsets before one that may name them. */
  readonly lettersToLookAt: (order: ForgetOrder, before: number) => string;
}

export interface FindTracesOptions {
  /** Without what was forgotten before. */
  readonly log: LogReader;
  /** What the archive has of it; null where there is none, or nothing in it. */
  readonly archive: LogReader | null;
  readonly store: Pick<Store, 'read'>;
  readonly questions: TraceQuestions;
  /** Where the dead letters end that the store may have of what was accepted before. */
  readonly lettersEnd: number;
  /** Versions of rollups that have everything. */
  readonly versions: readonly RollupPlan[];
  readonly signal: AbortSignal;
}

export interface FoundEvents extends FoundTraces {
  readonly offsets: Iterable<number>;
}

/** Looks for what there is of a person: in the store, in the log, in the archive, among dead letters. */
export async function findTraces(
  order: ForgetOrder,
  options: FindTracesOptions,
): Promise<FoundEvents> {
  const events = new Map<number, TheirEvent>();
  for (const { offset, type, ms } of await rows<StoredEvent>(
    options.questions.theirEvents(order),
    options,
  )) {
    events.set(Number(offset), { type, timestamp: Number(ms) });
  }
  // What the store refused is in the log alone, and among dead letters.
  const unstored = new Set<string>();
  for await (const { offset, eventId, ...event } of inLog(options.log, order, options)) {
    if (events.has(offset)) continue;
    events.set(offset, event);
    unstored.add(eventId);
  }
  const archived: number[] = [];
  if (options.archive !== null) {
    for await (const { offset, type, timestamp } of inLog(options.archive, order, options)) {
      archived.push(offset);
      events.set(offset, { type, timestamp });
    }
  }
  return {
    events: events.size,
    letters: await theirLetters(order, unstored, options),
    archived,
    rollups: touchedRollups(options.versions, events.values()),
    offsets: events.keys(),
  };
}

interface StoredEvent {
  readonly offset: string;
  readonly type: string;
  readonly ms: string;
}

const limits = { rowsMax: 20_000, bytesMax: 16 * 1024 ** 2 };

async function* inLog(
  log: LogReader,
  { before, person }: ForgetOrder,
  { signal }: FindTracesOptions,
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
async function theirLetters(
  order: ForgetOrder,
  unstored: ReadonlySet<string>,
  options: FindTracesOptions,
): Promise<readonly number[]> {
  const letters = await rows<LetterRow>(
    options.questions.lettersToLookAt(order, options.lettersEnd),
    options,
  );
  return letters
    .filter(({ offset, code, protocol, raw_base64 }) => {
      const raw = Buffer.from(raw_base64, 'base64').toString();
      if (Number(offset) < order.lettersBefore) return letterNames({ protocol, raw }, order.person);
      return code === 'store_refused' && unstored.has(eventIdOf(raw));
    })
    .map(({ offset }) => Number(offset));
}

function eventIdOf(line: string): string {
  const { event_id }: { readonly event_id: string } = JSON.parse(line);
  return event_id;
}

async function rows<Row>(
  sql: string,
  { store, signal }: FindTracesOptions,
): Promise<readonly Row[]> {
  return resultRows<Row>(await store.read(sql, { signal }));
}

import type { Measures } from '../define/measure.ts';
import type { Every } from '../define/rollup.ts';
import type { AnyPipeline, EventName } from '../define/rows.ts';
import type { Answer, Explanation, Sampled } from '../query/answer-question.ts';
import { ask } from './ask.ts';
import { readRows } from './read-rows.ts';
import type { AnyStep, FunnelDimension, FunnelRow, TypedFunnel } from './typed-funnel.ts';
import type { LiveRow, TypedLive } from './typed-live.ts';
import type { DimensionOf, QuestionRow, SampleAsked, TypedQuestion } from './typed-question.ts';
import type { RetentionRow, TypedRetention } from './typed-retention.ts';
import type { SessionsRow, TypedSessions } from './typed-sessions.ts';

export interface ClientOptions {
  /** Where a Millrace listens, as `http://127.0.0.1:8080`. */
  readonly url: string | URL;
  /** A read key. Not needed where Millrace has none. */
  readonly readKey?: string;
}

export interface TypedAnswer<Row> {
  readonly rows: readonly Row[];
  /** Whether there are more rows than the limit let through. */
  readonly truncated: boolean;
  /** The table that was read: `events` or a rollup's name. */
  readonly servedBy: string;
  /** From when on that table has everything; null if nothing has been dropped from it by age. */
  readonly keptSince: Date | null;
  /** Everything that was in the log before this moment is in the answer; null while that is not known. */
  readonly asOf: Date | null;
  /** Whether it was made for somebody who asked before. Then so are the numbers below. */
  readonly cached: boolean;
  readonly rowsRead: number;
  readonly elapsedMs: number;
  /** The part of the time that was read; null if all was, so that it is exact. */
  readonly sampled: Sampled | null;
  /** How it came about; null unless `explain` asked for it. */
  readonly explanation: Explanation | null;
}

export interface Client<P extends AnyPipeline> {
  /**
   * Asks about events. A property that no event of the question has, or a measure
   * that cannot be made of it, does not compile.
   *
   * @throws MillraceError `question_invalid`, `question_too_costly`, `unauthorized`,
   * `overloaded`, `not_running`; the signal's reason when it aborts.
   */
  query<
    const From extends EventName<P>,
    const Kept extends Measures,
    const By extends DimensionOf<P, From> = never,
    const Width extends Every | undefined = undefined,
    const Other extends boolean = false,
    const Compared extends 'previous' | undefined = undefined,
    const Sample extends SampleAsked = undefined,
  >(
    question: TypedQuestion<P, From, By, Width, Kept, Other, Compared, Sample>,
    options?: AskingOptions,
  ): Promise<TypedAnswer<QuestionRow<P, From, By, Width, Kept, Other, Compared, Sample>>>;

  /** Asks how many people go how far through steps. Throws what `query` throws. */
  funnel<
    const Steps extends readonly AnyStep<P>[],
    const By extends FunnelDimension<P, Steps> = never,
  >(
    question: TypedFunnel<P, Steps, By>,
    options?: AskingOptions,
  ): Promise<TypedAnswer<FunnelRow<P, Steps, By>>>;

  /** Asks how many people come back, and how long after. Throws what `query` throws. */
  retention<
    const First extends EventName<P> = EventName<P>,
    const Return extends EventName<P> = EventName<P>,
  >(
    question: TypedRetention<P, First, Return>,
    options?: AskingOptions,
  ): Promise<TypedAnswer<RetentionRow>>;

  /** Asks how much people do at a time. Throws what `query` throws. */
  sessions<
    const From extends EventName<P> = EventName<P>,
    const Entry extends DimensionOf<P, From> = never,
    const Exit extends DimensionOf<P, From> = never,
    const Width extends Every | undefined = undefined,
  >(
    question: TypedSessions<P, From, Entry, Exit, Width>,
    options?: AskingOptions,
  ): Promise<TypedAnswer<SessionsRow<P, From, Entry, Exit, Width>>>;

  /** Asks what happens now. Throws what `query` throws. */
  live<const From extends EventName<P> = EventName<P>>(
    question?: TypedLive<P, From>,
    options?: AskingOptions,
  ): Promise<TypedAnswer<LiveRow>>;
}

export interface AskingOptions {
  readonly signal?: AbortSignal;
}

/**
 * A client with the types of a pipeline. They are all it needs of the definition:
 *
 * @example
 * import type pipeline from './millrace.config.ts';
 * const millrace = createClient<typeof pipeline>({ url: 'http://127.0.0.1:8080' });
 * const { rows } = await millrace.query({ from: 'purchase', measures: { orders: count() } });
 */
export function createClient<P extends AnyPipeline>({ url, readKey }: ClientOptions): Client<P> {
  async function answered<Row>(
    question: object,
    { signal }: AskingOptions = {},
  ): Promise<TypedAnswer<Row>> {
    const answer = await ask<Answer>(new URL('/v1/query', url), {
      method: 'POST',
      key: readKey,
      body: JSON.stringify(question, integerAsString),
      ...(signal ? { signal } : {}),
    });
    return {
      rows: readRows(answer),
      truncated: answer.truncated,
      servedBy: answer.served_by,
      keptSince: answer.kept_since === null ? null : new Date(answer.kept_since),
      asOf: answer.as_of === null ? null : new Date(answer.as_of),
      cached: answer.cached,
      rowsRead: answer.rows_read,
      elapsedMs: answer.elapsed_ms,
      sampled: answer.sampled ?? null,
      explanation: answer.explanation ?? null,
    };
  }
  return {
    query: (question, options) => answered(question, options),
    funnel: (question, options) => answered({ kind: 'funnel', ...question }, options),
    retention: (question, options) => answered({ kind: 'retention', ...question }, options),
    sessions: (question, options) => answered({ kind: 'sessions', ...question }, options),
    live: (question, options) => answered({ kind: 'live', ...question }, options),
  };
}

/** JSON has no 64-bit integers. */
const integerAsString = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;

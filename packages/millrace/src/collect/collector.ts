import type { Plan } from '../plan/plan.ts';
import { schemaVersion } from '../plan/schema-version.ts';
import type { Clock } from '../ports/clock.ts';
import type { AppendReceipt, LogHeaders, LogMark, LogRecord, LogWriter } from '../ports/log.ts';
import { deadLetter, readable } from './dead-letter.ts';
import { eventWriter } from './event-writer.ts';
import type { IncomingBatch } from './incoming.ts';
import { type CollectLimits, defaultCollectLimits } from './limits.ts';
import { Refusal, type RefusalCode } from './refusals.ts';

export interface CollectorOptions {
  readonly plan: Plan;
  readonly log: LogWriter;
  readonly deadLetters: LogWriter;
  readonly clock: Clock;
  readonly limits?: Partial<CollectLimits>;
  /**
   * Windows up to here (epoch ms) are out: what happened before is late, even if
   * the clock was put back or more lateness is allowed now.
   */
  readonly watermark?: () => number;
}

export interface Collector {
  readonly limits: CollectLimits;
  readonly counters: Readonly<CollectorCounters>;
  /**
   * Checks the events of one request and appends the good ones to the log, the
   * others to the dead letters. Resolves once both are durable.
   *
   * @throws MillraceError what `LogWriter.append` throws; then the same batch
   *   may be sent again: what was stored of it will be a duplicate.
   */
  collect(batch: IncomingBatch): Promise<Receipt>;
  /**
   * The same for a batch that its producer can cut again in the same way: the
   * mark is durable exactly with the events, so that who asks for the marks
   * before sending sends each batch once, however long ago the last one was.
   */
  collectMarked(batch: IncomingBatch, mark: LogMark): Promise<CountedReceipt>;
  /** The same for events that are dead letters. What is refused again is only reported. */
  collectAgain(batch: IncomingBatch): Promise<CountedReceipt>;
}

/** Since the start of the process. */
export interface CollectorCounters {
  /** Events that got a receipt, duplicates among them. */
  accepted: number;
  /** Of the accepted ones: those that were in the log already. */
  duplicates: number;
  /** Of the accepted ones. */
  late: number;
  refused: number;
}

/** The answer to a request, as it goes to the sender. */
export interface Receipt {
  readonly accepted: number;
  /** Ids made here for events that came without one. */
  readonly assigned: readonly { readonly index: number; readonly event_id: string }[];
  readonly rejected: readonly Rejection[];
}

export interface CountedReceipt extends Receipt {
  /** Of the accepted events: those that were in the log already. */
  readonly duplicates: number;
}

export interface Rejection {
  /** The event's place in the request. */
  readonly index: number;
  /** If it had one. */
  readonly event_id?: string;
  readonly code: RefusalCode;
  readonly message: string;
}

export function createCollector(options: CollectorOptions): Collector {
  const { plan, log, deadLetters, clock, watermark = never } = options;
  const limits = { ...defaultCollectLimits, ...options.limits };
  const writerFor = eventWriter(plan, limits);
  const schema: LogHeaders = { schema: schemaVersion(plan) };
  const counters: CollectorCounters = { accepted: 0, duplicates: 0, late: 0, refused: 0 };

  const check = (batch: IncomingBatch): Checked => {
    const appendedAt = clock.now();
    const receivedAt = batch.receivedAt ?? appendedAt;
    const { plainStrings, arrival = 'now' } = batch;
    const times = { receivedAt, appendedAt, watermarkMs: watermark() };
    const write = writerFor({ ...times, arrival, plainStrings });
    const { traceparent } = batch;
    // One object for all of them, so that it is written out once.
    const headers = traceparent === undefined ? schema : { ...schema, traceparent };
    const accepted: LogRecord[] = [];
    const refused: LogRecord[] = [];
    const assigned: { index: number; event_id: string }[] = [];
    const rejected: Rejection[] = [];
    let late = 0;

    for (const [index, event] of batch.events.entries()) {
      try {
        if (event instanceof Refusal) throw event;
        const written = write(event);
        const key = batch.keyOf?.(index) ?? written.eventId;
        accepted.push({ key, value: written.line, headers });
        if (written.assigned) assigned.push({ index, event_id: written.eventId });
        if (written.late) late += 1;
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        const { event_id } = readable(event);
        const { code, message } = refusal;
        rejected.push({ index, ...(event_id === undefined ? {} : { event_id }), code, message });
        refused.push(
          deadLetter(
            refusal,
            event,
            batch.raw(index),
            batch.protocol,
            receivedAt,
            limits.eventBytesMax,
          ),
        );
      }
    }
    const receipt = { accepted: accepted.length, assigned, rejected };
    return { accepted, refused, outcome: { receipt, late } };
  };

  const tally = ({ receipt, late }: Outcome, duplicates: number, again = false): void => {
    counters.accepted += receipt.accepted;
    counters.duplicates += duplicates;
    counters.late += late;
    if (!again) counters.refused += receipt.rejected.length;
  };

  const collect = async (batch: IncomingBatch): Promise<Receipt> => {
    const { accepted, refused, outcome } = check(batch);
    const appending = accepted.length > 0 ? log.append(accepted) : nothing;
    if (refused.length === 0) return told(outcome, appending);
    return told(outcome, Promise.all([appending, deadLetters.append(refused)]).then(first));
  };

  /** Apart, so that what waits for the disk holds no event: a garbage collector that copied them cost a tenth. */
  const told = async (
    outcome: Outcome,
    appending: AppendReceipt | Promise<AppendReceipt>,
  ): Promise<Receipt> => {
    const { duplicates } = await appending;
    tally(outcome, duplicates);
    return outcome.receipt;
  };

  const collectMarked = async (batch: IncomingBatch, mark: LogMark): Promise<CountedReceipt> => {
    const { accepted, refused, outcome } = check(batch);
    // Once the mark is in the log nobody sends the batch again, so its dead
    // letters go first; their own mark keeps them single when a crash comes between.
    const known = deadLetters.marks().get(mark.producer) ?? 0;
    if (refused.length > 0 && known < mark.position) await deadLetters.append(refused, { mark });
    const { duplicates } = await log.append(accepted, { mark });
    tally(outcome, duplicates);
    return { ...outcome.receipt, duplicates };
  };

  const collectAgain = async (batch: IncomingBatch): Promise<CountedReceipt> => {
    const { accepted, outcome } = check(batch);
    const { duplicates } = accepted.length > 0 ? await log.append(accepted) : nothing;
    tally(outcome, duplicates, true);
    return { ...outcome.receipt, duplicates };
  };

  return { limits, counters, collect, collectMarked, collectAgain };
}

const first = <Of>([of]: readonly [Of, unknown]): Of => of;
const nothing = { appended: 0, duplicates: 0 };
const never = (): number => Number.NEGATIVE_INFINITY;

interface Checked {
  readonly accepted: readonly LogRecord[];
  readonly refused: readonly LogRecord[];
  readonly outcome: Outcome;
}

interface Outcome {
  readonly receipt: Receipt;
  readonly late: number;
}

import type { Plan } from '../plan/plan.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogRecord, LogWriter } from '../ports/log.ts';
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

export interface Rejection {
  /** The event's place in the request. */
  readonly index: number;
  /** If it had one. */
  readonly event_id?: string;
  readonly code: RefusalCode;
  readonly message: string;
}

export function createCollector(options: CollectorOptions): Collector {
  const { plan, log, deadLetters, clock } = options;
  const limits = { ...defaultCollectLimits, ...options.limits };
  const writerFor = eventWriter(plan, limits);
  const counters: CollectorCounters = { accepted: 0, duplicates: 0, late: 0, refused: 0 };

  const collect = async (batch: IncomingBatch): Promise<Receipt> => {
    const appendedAt = clock.now();
    const receivedAt = batch.receivedAt ?? appendedAt;
    const { plainStrings, neverLate = false } = batch;
    const write = writerFor({ receivedAt, appendedAt, neverLate, plainStrings });
    const accepted: LogRecord[] = [];
    const refused: LogRecord[] = [];
    const assigned: { index: number; event_id: string }[] = [];
    const rejected: Rejection[] = [];
    let late = 0;

    for (const [index, event] of batch.events.entries()) {
      try {
        if (event instanceof Refusal) throw event;
        const written = write(event);
        accepted.push({ key: written.eventId, value: written.line });
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

    const { mark } = batch;
    const [receipt] = await Promise.all([
      accepted.length > 0 || mark !== undefined
        ? log.append(accepted, mark === undefined ? undefined : { mark })
        : nothing,
      refused.length > 0 ? deadLetters.append(refused) : nothing,
    ]);
    counters.accepted += accepted.length;
    counters.duplicates += receipt.duplicates;
    counters.late += late;
    counters.refused += refused.length;
    return { accepted: accepted.length, assigned, rejected };
  };

  return { limits, counters, collect };
}

const nothing = { appended: 0, duplicates: 0 };

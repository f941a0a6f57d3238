import { dedupJobName } from '../../compile/flink/dedup-job.ts';
import { topicNames } from '../../compile/kafka/topics.ts';
import { heartbeatLine } from '../../plan/heartbeat.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Heartbeats } from '../../ports/heartbeats.ts';
import type { LogOffsets } from '../../ports/log-offsets.ts';
import { every, type Recurring } from '../every.ts';
import { byClock, CompletenessWatch } from './completeness-watch.ts';
import { Standstill } from './standstill.ts';

const periodMs = 1_000;
/** Longer than the dedup job takes from one checkpoint to the next, as a rule. */
const standsMs = 5_000;

export interface HeartOptions {
  readonly plan: Plan;
  readonly offsets: LogOffsets;
  readonly heartbeats: Heartbeats;
  /** Of the clean log, those that are looked after here now. */
  readonly partitions: () => readonly number[];
  readonly clock: Clock;
  readonly onProblem: (what: string, error: unknown) => void;
}

/**
 * Once a second writes into partitions of the clean log up to when all that was in
 * the raw log lies before. It is known by the dedup job's offsets, and written once
 * it is known: behind all of it, though that may be in a transaction which is open yet.
 *
 * An import ends each of its transactions in the raw log with an offset that is no
 * record. The dedup job commits no offset but behind a record, so it would seem to be
 * behind for ever. Where it stands still it gets a heartbeat to go on to. It drops it
 * as a repeat, or hands it on, which does no harm.
 */
export class Heart {
  readonly #watch: CompletenessWatch;
  readonly #heartbeats: Heartbeats;
  readonly #beating: Recurring;

  constructor({ plan, offsets, heartbeats, partitions, clock, onProblem }: HeartOptions) {
    const { raw, clean } = topicNames(plan);
    const dedup = { group: dedupJobName(plan), log: raw };
    const standstill = new Standstill(standsMs);
    const ways = new Map([[clean, [dedup]]]);
    this.#heartbeats = heartbeats;
    this.#watch = new CompletenessWatch({
      offsets,
      ways: () => ways,
      moment: byClock(clock),
      onProblem,
    });
    let failed = false;
    this.#beating = every(
      periodMs,
      async () => {
        const rawUntilMs = this.#watch.asOfMs(clean);
        const here = partitions();
        const reading = this.#watch.reading(dedup);
        if (reading === null || here.length === 0) return;
        const { committed, ends } = reading;
        const stuck = standstill.look(here, committed, ends, clock.now());
        if (stuck.length > 0) await heartbeats.write(raw, stuck, heartbeatLine(rawUntilMs ?? 0));
        if (rawUntilMs !== null) await heartbeats.write(clean, here, heartbeatLine(rawUntilMs));
        failed = false;
      },
      (error) => {
        // Said once, and not each second for hours.
        if (!failed) onProblem(`${clean} gets no heartbeats`, error);
        failed = true;
      },
    );
  }

  async stop(): Promise<void> {
    await Promise.all([this.#beating.stop(), this.#watch.stop()]);
    await this.#heartbeats.close();
  }
}

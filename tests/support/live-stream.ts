import fc from 'fast-check';
import type { CanonicalEvent } from '../../packages/millrace/src/compile/clickhouse/naive.suite.ts';
import { events } from '../../packages/millrace/src/compile/clickhouse/random-events.suite.ts';
import { inNoRollup } from './mixed-stream.ts';
import { Random } from './random.ts';

/** So much (ms) before they are sent events happen that are to be in time, and that are to be late. */
const inTimeMs = [-1_000, 1_500] as const;
const lateMs = [15_000, 60_000] as const;

/**
 * Events as they happen, of the pipeline `everyWindow`: out of order, some of them
 * late, some again under an id that was there, saying something else.
 */
export class LiveStream {
  readonly #random: Random;
  readonly #events: readonly CanonicalEvent[];
  /** The first of each id, in the order in which they were given. */
  readonly kept: CanonicalEvent[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#events = fc.sample(events, { numRuns: 40, seed }).flat();
  }

  /** What is sent at a moment. */
  batch(nowMs: number): readonly object[] {
    const random = this.#random;
    return Array.from({ length: random.between(1, 20) }, () => {
      const late = random.chance(0.1);
      const [least, most] = late ? lateMs : inTimeMs;
      const timestamp = nowMs - random.between(least, most);
      const repeated = this.kept.length > 0 && random.chance(0.1);
      if (repeated) {
        const { event_id, type, properties } = random.pick(this.kept);
        return sent({ event_id, type, properties, timestamp, user_id: 'other' });
      }
      const event = {
        ...random.pick(this.#events),
        event_id: `e${this.kept.length}`,
        timestamp,
        late,
      };
      this.kept.push(event);
      return sent(event);
    });
  }
}

const sent = ({
  event_id,
  type,
  timestamp,
  properties,
  user_id,
}: Omit<CanonicalEvent, 'received_at' | 'appended_at' | 'late'>): object => ({
  event_id,
  type,
  timestamp,
  properties: type === 'sale' ? { ...properties, ...inNoRollup } : properties,
  ...(user_id === undefined ? {} : { user_id }),
});

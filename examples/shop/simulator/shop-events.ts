import { type Mistake, mistakes } from './mistakes.ts';
import { type Random, randomOf } from './random.ts';
import type { SentEvent } from './sent-event.ts';
import { type Step, visit } from './visit.ts';

/** One event of the simulated shop, and what should become of it. */
export interface ShopEvent {
  /** Unlike that of any other event of this seed. */
  readonly id: string;
  /** What is sent: a `SentEvent`, or one with a mistake in it. */
  readonly body: unknown;
  /** When it leaves the shopper's device (epoch ms). */
  readonly leavesAt: number;
  /** True if it happened long before it leaves: a phone that was offline. */
  readonly late: boolean;
  /** The code it must be refused with; null for a good event. */
  readonly refusal: Mistake['code'] | null;
}

export interface ShopOptions {
  readonly seed: number;
  /** Events a second. */
  readonly rate: number;
  /** How many are in the shop at once. By default each does something every four seconds. */
  readonly shoppers?: number;
  /** Wall time in epoch ms. A shop that fell behind it goes on from there. */
  readonly now: () => number;
}

const secondsBetweenSteps = 4;
const behindMaxMs = 2_000;
const lateShare = 0.02;
const mistakeShare = 0.004;
const knownShare = 0.3;

/** Events without end, in the order in which they leave. Pure: nothing but `now` comes from outside. */
export function* shopEvents(options: ShopOptions): Generator<ShopEvent, never> {
  const { seed, rate, now } = options;
  const random = randomOf(seed);
  const atOnce = options.shoppers ?? Math.max(3, Math.round(rate * secondsBetweenSteps));
  const shoppers = new Shoppers(random, seed, atOnce);
  let leavesAt = now();
  for (let number = 1; ; number += 1) {
    leavesAt = Math.max(leavesAt + 1000 / rate, now() - behindMaxMs);
    const late = random.chance(lateShare);
    const happenedAt = leavesAt - (late ? random.int(30_000, 4 * 3_600_000) : random.int(0, 500));
    const id = `shop-${seed}-${number}`;
    const event: SentEvent = {
      event_id: id,
      ...shoppers.next(),
      timestamp: new Date(happenedAt).toISOString(),
    };
    const mistake = random.chance(mistakeShare) ? random.pick(mistakes) : undefined;
    yield {
      id,
      body: mistake === undefined ? event : mistake.spoil(event),
      leavesAt,
      late: late && mistake === undefined,
      refusal: mistake?.code ?? null,
    };
  }
}

type ShopperStep = Omit<SentEvent, 'event_id' | 'timestamp'>;

/** So many shoppers at once; who leaves makes room for the next. */
class Shoppers {
  readonly #random: Random;
  readonly #seed: number;
  readonly #present: Generator<ShopperStep, void>[] = [];
  #visits = 0;
  #orders = 0;

  constructor(random: Random, seed: number, atOnce: number) {
    this.#random = random;
    this.#seed = seed;
    for (let place = 0; place < atOnce; place += 1) this.#present.push(this.#enter());
  }

  /** What any one of them does next. */
  next(): ShopperStep {
    const place = this.#random.int(0, this.#present.length - 1);
    for (;;) {
      const step = this.#present[place]?.next();
      if (step !== undefined && !step.done) return step.value;
      this.#present[place] = this.#enter();
    }
  }

  *#enter(): Generator<ShopperStep, void> {
    this.#visits += 1;
    const session = `session-${this.#seed}-${this.#visits}`;
    // Few enough that some come back.
    const person = this.#random.int(1, 5_000);
    let known = this.#random.chance(knownShare);
    for (const step of this.#visit()) {
      // Nobody buys without saying who they are.
      known ||= step.type === 'purchase';
      yield {
        ...step,
        anonymous_id: `device-${person}`,
        session_id: session,
        ...(known ? { user_id: `user-${person}` } : {}),
      };
    }
  }

  #visit(): Generator<Step, void> {
    return visit(this.#random, () => {
      this.#orders += 1;
      return `order-${this.#seed}-${this.#orders}`;
    });
  }
}

import type { Clock } from '../../ports/clock.ts';
import type { LogOffsets, Offsets } from '../../ports/log-offsets.ts';
import { type Completeness, nothingSeen, type Step, seen } from '../../query/completeness.ts';
import { every, type Recurring } from '../every.ts';

/**
 * How far the clock of whoever compares times with `as_of` may be behind this
 * process's: what was in the log by that clock may not have been so by ours.
 */
const clockSkewMaxMs = 1_000;

const periodMs = 500;

/** What a log had by the clock it surely had. */
export const byClock =
  (clock: Clock): CompletenessWatchOptions['moment'] =>
  async () =>
    clock.now() - clockSkewMaxMs;

export interface CompletenessWatchOptions {
  readonly offsets: LogOffsets;
  /** By table, the steps on the way to it. They may become others. */
  readonly ways: () => ReadonlyMap<string, readonly Step[]>;
  /**
   * A time (epoch ms) by which the first logs of all ways had what they are asked
   * for; null while there is none. It is asked before anything is looked at.
   */
  readonly moment: () => Promise<number | null>;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** Looks again and again how far logs and their readers are, and what that says of the tables. */
export class CompletenessWatch {
  readonly #options: CompletenessWatchOptions;
  readonly #looking: Recurring;
  #known: ReadonlyMap<string, Completeness> = new Map();
  #committed: ReadonlyMap<string, Offsets> = new Map();
  #ends: ReadonlyMap<string, Offsets> = new Map();

  constructor(options: CompletenessWatchOptions) {
    this.#options = options;
    let failed = false;
    this.#looking = every(
      periodMs,
      async () => {
        await this.#look();
        failed = false;
      },
      (error) => {
        // Said once, and not twice a second for hours.
        if (!failed) options.onProblem('Kafka does not say how far its readers are', error);
        failed = true;
      },
    );
  }

  /** Up to when a table has everything (epoch ms); null while that is not known. */
  asOfMs(table: string): number | null {
    return this.#known.get(table)?.asOfMs ?? null;
  }

  /** Changes with what is in a table; null while that is not known. As it was seen last, half a second ago at most. */
  versionOf(table: string): string | null {
    const last = this.#options.ways().get(table)?.at(-1);
    const offsets = last && this.#committed.get(keyOf(last));
    return offsets === undefined ? null : offsets.join(',');
  }

  /** How far a step and its log were when they were seen last; null if they were not yet. */
  reading(step: Step): { readonly committed: Offsets; readonly ends: Offsets } | null {
    const committed = this.#committed.get(keyOf(step));
    const ends = this.#ends.get(step.log);
    return committed === undefined || ends === undefined ? null : { committed, ends };
  }

  /** How many records a log has had, when it was last seen; null if it was not yet. */
  recordsIn(log: string): number | null {
    return this.#ends.get(log)?.reduce((sum, end) => sum + end, 0) ?? null;
  }

  async stop(): Promise<void> {
    await this.#looking.stop();
    await this.#options.offsets.close();
  }

  /** In the order that a sighting needs. */
  async #look(): Promise<void> {
    const { offsets, moment } = this.#options;
    const ways = this.#options.ways();
    const steps = new Map([...ways.values()].flat().map((step) => [keyOf(step), step]));
    const timeMs = await moment();
    if (timeMs === null) return;
    const committed = await mapped(steps, (step) => offsets.committed(step));
    const logs = new Map([...steps.values()].map(({ log }) => [log, log]));
    const ends = await mapped(logs, (log) => offsets.ends(log));
    const sighting = {
      timeMs,
      committed: (step: Step) => committed.get(keyOf(step)) ?? [],
      ends: (log: string) => ends.get(log) ?? [],
    };
    this.#committed = committed;
    this.#ends = ends;
    this.#known = new Map(
      [...ways].map(([table, steps]) => [
        table,
        seen(this.#known.get(table) ?? nothingSeen, steps, sighting),
      ]),
    );
  }
}

const keyOf = ({ group, log }: Step): string => `${group} ${log}`;

async function mapped<From, To>(
  map: ReadonlyMap<string, From>,
  to: (from: From) => Promise<To>,
): Promise<ReadonlyMap<string, To>> {
  const entries = [...map].map(async ([key, from]) => [key, await to(from)] as const);
  return new Map(await Promise.all(entries));
}

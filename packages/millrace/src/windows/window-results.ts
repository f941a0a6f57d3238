import { resultLines } from '../ports/result-rows.ts';
import { exactJson, type Store } from '../ports/store.ts';
import type { WindowRunner } from './window-runner.ts';

/**
 * A place in the results of a window, in the order of the windows' ends and of
 * their dimensions: behind the first so many of those that end at `endMs` (epoch ms).
 */
export interface ResultPlace {
  readonly endMs: number;
  readonly taken: number;
}

export interface WindowResult {
  /** The place behind it. */
  readonly place: ResultPlace;
  /** The row as JSON: 64-bit integers and decimals as strings, times in ISO 8601. */
  readonly json: string;
}

export interface WindowResultsOptions {
  /** The table of the version that readers see now. Those of one window have the same results from when each began. */
  readonly table: () => string;
  readonly runner: Pick<WindowRunner, 'emittedMs' | 'emittedPast'>;
  readonly store: Store;
  /** The statement that reads results, in their order. */
  readonly select: (page: {
    readonly from: ResultPlace;
    readonly toMs: number;
    readonly rowsMax: number;
  }) => string;
}

/** The results of one window, as they come out. What is out never changes. */
export class WindowResults {
  readonly #options: WindowResultsOptions;

  constructor(options: WindowResultsOptions) {
    this.#options = options;
  }

  /** The place behind everything that is out. */
  get newest(): ResultPlace {
    const { table, runner } = this.#options;
    return { endMs: runner.emittedMs(table()) + 1, taken: 0 };
  }

  /** The next results behind a place, at most `rowsMax`; none if there are no more yet. */
  async read(from: ResultPlace, rowsMax: number): Promise<readonly WindowResult[]> {
    const { table, runner, store, select } = this.#options;
    const toMs = runner.emittedMs(table());
    if (from.endMs > toMs) return [];
    const sql = select({ from, toMs, rowsMax });
    const lines = resultLines(await store.read(sql, { settings: exactJson }));
    let place = from;
    return lines.map((json) => {
      const endMs = endOf(json);
      place = { endMs, taken: endMs === place.endMs ? place.taken + 1 : 1 };
      return { place, json };
    });
  }

  /** How many there are behind a place by now, counted up to `countMax`. */
  async count(from: ResultPlace, countMax: number): Promise<number> {
    const { table, runner, store, select } = this.#options;
    const toMs = runner.emittedMs(table());
    if (from.endMs > toMs) return 0;
    const results = select({ from, toMs, rowsMax: countMax });
    const { bytes } = await store.read(`SELECT count() FROM (${results})`, { format: 'TSV' });
    return Number(Buffer.from(bytes).toString());
  }

  /** Resolves once windows behind a place `newest` are out, or when the signal aborts. */
  async more({ endMs }: ResultPlace, signal: AbortSignal): Promise<void> {
    const { table, runner } = this.#options;
    await runner.emittedPast(table(), endMs - 1, signal);
  }
}

function endOf(json: string): number {
  const { window_end: end }: { readonly window_end: string } = JSON.parse(json);
  return Date.parse(end);
}

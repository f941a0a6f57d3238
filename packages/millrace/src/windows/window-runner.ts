import type { Loader } from '../load/loader.ts';
import type { Clock } from '../ports/clock.ts';
import { type ReachCrashPoint, survive } from '../ports/crash-points.ts';
import type { LogReader, LogWriter } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import type {
  WindowIntent,
  WindowPlace,
  WindowProgress,
  WindowProgressKeeper,
} from '../ports/window-progress.ts';
import { Turns } from '../turns.ts';

/** A window as the runner sees it. */
export interface RunningWindow {
  readonly table: string;
  /** Results are written up to multiples of this. */
  readonly stepMs: number;
  /** The statement that writes the results of those that end in a range. */
  readonly insert: (range: WindowIntent & { readonly fromMs: number }) => string;
}

export interface WindowRunnerOptions {
  readonly windows: readonly RunningWindow[];
  readonly store: Store;
  readonly log: LogWriter & Pick<LogReader, 'end'>;
  /** What brings the log into the store. */
  readonly loader: Pick<Loader, 'committed' | 'settled'>;
  readonly progress: WindowProgressKeeper;
  readonly clock: Clock;
  readonly latenessMs: number;
  readonly reach?: ReachCrashPoint;
}

/**
 * Writes the results of windows, each once, as the watermark passes.
 *
 * The watermark is the wall clock less the lateness, so it moves without any
 * event. First it is announced: from then on the collector calls older events
 * late. What was taken before is then waited for until it is in the store. So
 * what the store has of windows before the watermark is all there will be.
 *
 * Which windows are written next is recorded before they are, and their insert
 * has a token that names them: after a crash it is repeated, and the store keeps
 * one.
 */
export class WindowRunner {
  readonly #options: Required<WindowRunnerOptions>;
  readonly #turns = new Turns();
  readonly #waiting = new Set<() => void>();
  #windows: readonly RunningWindow[];
  #progress: WindowProgress = {};
  #watermarkMs = Number.NEGATIVE_INFINITY;

  constructor(options: WindowRunnerOptions) {
    this.#options = { reach: survive, ...options };
    this.#windows = options.windows;
  }

  /** No event that happened before this (epoch ms) may be called anything but late. */
  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  /** Windows that end up to here (epoch ms) have their results in the table. */
  emittedMs(table: string): number {
    return this.#progress[table]?.emittedMs ?? Number.NEGATIVE_INFINITY;
  }

  /**
   * Reads where a crash or a stop left the windows; those that are new begin with
   * the one that is open. Comes before the first event is taken.
   */
  async recover(): Promise<void> {
    const { progress, clock, latenessMs } = this.#options;
    const before = await progress.read();
    const nowMs = clock.now() - latenessMs;
    const places = this.#windows.map(({ table, stepMs }): readonly [string, WindowPlace] => [
      table,
      before[table] ?? { emittedMs: floor(nowMs, stepMs), intent: null },
    ]);
    await this.#save(Object.fromEntries(places));
    const reached = places.map(([, { emittedMs, intent }]) => intent?.toMs ?? emittedMs);
    this.#watermarkMs = Math.max(...reached);
  }

  /**
   * Writes the windows that the watermark has passed by now. What fails is left to
   * the next time, and so is what waits for the store when the signal aborts.
   */
  advance(signal?: AbortSignal): Promise<void> {
    return this.#turns.take(async () => {
      // What was begun and did not end well, first.
      await this.#writeIntents();
      await this.#intend(signal);
      await this.#writeIntents();
    });
  }

  /**
   * Writes the results of a window from now on into another table as well.
   *
   * @param beside the table of a version that computes the same.
   * @returns the end (epoch ms) behind which it has all, as that version has. Whatever is not late of
   *   windows that end up to it is in the store.
   */
  join(window: RunningWindow, beside: string): Promise<number> {
    return this.#turns.take(async () => {
      await this.#writeIntents();
      const emittedMs = this.emittedMs(beside);
      await this.#save({ ...this.#progress, [window.table]: { emittedMs, intent: null } });
      this.#windows = [...this.#windows, window];
      return emittedMs;
    });
  }

  /** Writes nothing into a table any more. */
  leave(gone: string): Promise<void> {
    return this.#turns.take(async () => {
      this.#windows = this.#windows.filter(({ table }) => table !== gone);
      const places = Object.entries(this.#progress).filter(([table]) => table !== gone);
      await this.#save(Object.fromEntries(places));
      this.#wake();
    });
  }

  /** Resolves once windows that end later than `pastMs` are out, none will be, or when the signal aborts. */
  async emittedPast(table: string, pastMs: number, signal: AbortSignal): Promise<void> {
    while (this.#isDue(table, pastMs) && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
    }
  }

  async #intend(signal?: AbortSignal): Promise<void> {
    const { log, loader, clock, latenessMs, reach } = this.#options;
    const emittedAtMs = clock.now();
    const watermarkMs = emittedAtMs - latenessMs;
    const due = this.#windows.filter(
      ({ table, stepMs }) => floor(watermarkMs, stepMs) > this.emittedMs(table),
    );
    if (due.length === 0) return;
    this.#watermarkMs = Math.max(this.#watermarkMs, watermarkMs);
    await log.append([]);
    const { end } = log;
    await loader.settled(end, signal);
    if (loader.committed < end) return;
    const begun = due.map(({ table, stepMs }): readonly [string, WindowPlace] => [
      table,
      {
        emittedMs: this.emittedMs(table),
        intent: { toMs: floor(watermarkMs, stepMs), emittedAtMs },
      },
    ]);
    await this.#save({ ...this.#progress, ...Object.fromEntries(begun) });
    reach('window-intended');
  }

  async #writeIntents(): Promise<void> {
    const { store, reach } = this.#options;
    const done: { [table: string]: WindowPlace } = {};
    for (const { table, insert } of this.#windows) {
      const place = this.#progress[table];
      if (!place?.intent) continue;
      const { emittedMs: fromMs, intent } = place;
      await store.insertComputed({
        statement: insert({ fromMs, ...intent }),
        token: `windows/${table}/${fromMs}-${intent.toMs}`,
      });
      done[table] = { emittedMs: intent.toMs, intent: null };
    }
    if (Object.keys(done).length === 0) return;
    reach('window-inserted');
    await this.#save({ ...this.#progress, ...done });
    this.#wake();
  }

  #isDue(table: string, pastMs: number): boolean {
    const place = this.#progress[table];
    return place !== undefined && place.emittedMs <= pastMs;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  async #save(progress: WindowProgress): Promise<void> {
    await this.#options.progress.save(progress);
    this.#progress = progress;
  }
}

const floor = (ms: number, widthMs: number): number => Math.floor(ms / widthMs) * widthMs;

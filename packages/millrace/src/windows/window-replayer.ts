import type { Leases } from '../leases.ts';
import { Backoff } from '../load/backoff.ts';
import { type FilledBeside, waitWhileBusy } from '../load/pace.ts';
import { pause } from '../pause.ts';
import type { WindowPlan } from '../plan/plan.ts';
import { type ReachCrashPoint, survive } from '../ports/crash-points.ts';
import type { Store } from '../ports/store.ts';
import type { WindowReplay, WindowStep } from '../ports/window-versions.ts';
import { nextWindowSteps, type WindowQuestions } from './replay-steps.ts';
import type { WindowRunner } from './window-runner.ts';
import type { VersionedWindow, WindowTables } from './window-tables.ts';

/** A version that is replayed. */
export interface ReplayedWindow extends VersionedWindow {
  readonly replay: WindowReplay;
}

export interface WindowReplayerOptions {
  readonly tables: WindowTables;
  readonly runner: Pick<WindowRunner, 'leave'>;
  readonly store: Store;
  /** What brings new events into the store meanwhile, which comes first. */
  readonly loader: Pick<FilledBeside, 'lagMs'>;
  readonly leases: Leases;
  readonly statements: WindowQuestions & {
    readonly insert: (window: WindowPlan, replay: WindowReplay, step: WindowStep) => string;
    readonly show: (window: WindowPlan) => string;
    readonly drop: (window: WindowPlan) => readonly string[];
    /** Drops the events that a version was computed from. */
    readonly endReplay: (window: WindowPlan) => readonly string[];
  };
  /** Reads the archive and the log again; resolves once the store has all of it, or the signal aborts. */
  readonly readAgain: (version: ReplayedWindow, signal: AbortSignal) => Promise<void>;
  readonly eventsPerStep?: number;
  readonly reach?: ReachCrashPoint;
  readonly onSwitch?: (now: VersionedWindow) => void;
  /** Told of each failed try. */
  readonly onRetry: (what: string, error: unknown) => void;
}

/**
 * Fills versions of windows with the results of before them, while the results
 * that come are written into them as well, and hands readers over.
 *
 * One step at a time, each a range of ends. It is recorded before it is inserted,
 * with a token that names it, so that after a crash it is repeated and the store
 * keeps one.
 */
export class WindowReplayer {
  readonly #options: Required<WindowReplayerOptions>;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff(100, 5_000);
  readonly #unwanted = new Set<string>();
  #running: Promise<void> | undefined;
  #idle = true;
  /** What stops the reading that is under way, by the table of its version. */
  #reading: { readonly table: string; readonly stopping: AbortController } | null = null;
  /** What comes next of the version that is being filled. */
  #ahead: readonly WindowStep[] = [];

  constructor(options: WindowReplayerOptions) {
    this.#options = { eventsPerStep: 250_000, reach: survive, onSwitch: () => {}, ...options };
  }

  /** There may be something to do. */
  goOn(): void {
    if (!this.#idle || this.#stopping.signal.aborted) return;
    this.#idle = false;
    this.#running = this.#run();
  }

  /** Drops a version that is being filled, instead of filling it. */
  giveUp(table: string): void {
    this.#unwanted.add(table);
    if (this.#reading?.table === table) this.#reading.stopping.abort();
    this.goOn();
  }

  /** Stops after the step under way, if any. It is gone on with from there. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Resolves when all is filled, or when it was stopped. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { tables, onRetry } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const [gone] = tables.in('dropping');
      const next = gone ?? tables.in('filling').find(isReplayed);
      if (next === undefined) break;
      try {
        if (this.#unwanted.delete(next.window.table))
          await tables.save({ ...next, stage: 'dropping' });
        else await (isReplayed(next) && next !== gone ? this.#fillOn(next) : this.#drop(next));
        this.#backoff.reset();
      } catch (error) {
        this.#ahead = [];
        onRetry(`window ${next.window.table} waits for the archive or the store`, error);
        await this.#backoff.wait(signal);
      }
    }
    this.#idle = true;
  }

  async #fillOn(version: ReplayedWindow): Promise<void> {
    const { tables, store, statements, loader, eventsPerStep, reach } = this.#options;
    const { window, replay } = version;
    if (replay.loaded !== null) return this.#read(version);
    if (replay.intent !== null) return this.#insert(version, replay.intent);
    // What it was computed from may be gone: nothing is asked of it any more.
    if (replay.doneToMs >= replay.toMs) return this.#switch(version);
    await waitWhileBusy(loader, this.#stopping.signal);
    if (this.#stopping.signal.aborted) return;
    if (this.#ahead[0] === undefined || this.#ahead[0].fromMs !== replay.doneToMs)
      this.#ahead = await nextWindowSteps(window, replay, {
        ...{ store, eventsPerStep },
        questions: statements,
      });
    const [step, ...later] = this.#ahead;
    if (step === undefined)
      return tables.save({ ...version, replay: { ...replay, doneToMs: replay.toMs } });
    this.#ahead = later;
    const begun = { ...version, replay: { ...replay, intent: step } };
    await tables.save(begun);
    reach('window-replay-intended');
    const startedMs = performance.now();
    await this.#insert(begun, step);
    // As long as it worked, it leaves the machine to others.
    await pause(performance.now() - startedMs, this.#stopping.signal);
  }

  async #read(version: ReplayedWindow): Promise<void> {
    const { tables, readAgain } = this.#options;
    const { table } = version.window;
    const stopping = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, stopping.signal]);
    this.#reading = { table, stopping };
    try {
      await readAgain(version, signal);
    } finally {
      this.#reading = null;
    }
    const now = tables.at(table);
    if (now === undefined || !isReplayed(now) || signal.aborted) return;
    await tables.save({ ...now, replay: { ...now.replay, loaded: null } });
  }

  async #insert(version: ReplayedWindow, step: WindowStep): Promise<void> {
    const { tables, store, statements, reach } = this.#options;
    const { window, replay } = version;
    await store.insertComputed({
      statement: statements.insert(window, replay, step),
      token: `replays/${window.table}/${step.fromMs}-${step.toMs}`,
    });
    reach('window-replay-inserted');
    const done = replay.from === 'events' ? step.events : 0;
    await tables.save({
      ...version,
      replay: {
        ...replay,
        ...{ intent: null, doneToMs: step.toMs, eventsDone: replay.eventsDone + done },
      },
    });
  }

  async #switch(version: ReplayedWindow): Promise<void> {
    const { tables, store, statements, reach, onSwitch } = this.#options;
    const { name } = version.window;
    const [old, older] = [tables.ready(name), tables.kept(name)];
    for (const statement of statements.endReplay(version.window)) await store.define(statement);
    await store.define(statements.show(version.window));
    reach('window-replay-shown');
    const now: VersionedWindow = { ...version, stage: 'ready' };
    await tables.save(
      now,
      ...(old ? [{ ...old, stage: 'kept' } as const] : []),
      ...(older ? [{ ...older, stage: 'dropping' } as const] : []),
    );
    onSwitch(now);
    reach('window-replay-switched');
  }

  async #drop(version: VersionedWindow): Promise<void> {
    const { tables, runner, store, leases, statements } = this.#options;
    await runner.leave(version.window.table);
    await leases.ended();
    for (const statement of statements.drop(version.window)) await store.define(statement);
    await tables.forget(version);
  }
}

const isReplayed = (version: VersionedWindow): version is ReplayedWindow => version.replay !== null;

import type { Leases } from '../leases.ts';
import { Filling } from '../load/filling.ts';
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
  readonly #filling: Filling<VersionedWindow>;
  /** What comes next of the version that is being filled. */
  #ahead: readonly WindowStep[] = [];

  constructor(options: WindowReplayerOptions) {
    this.#options = { eventsPerStep: 250_000, reach: survive, onSwitch: () => {}, ...options };
    const { tables, onRetry } = options;
    this.#filling = new Filling({
      next: () => tables.in('dropping')[0] ?? tables.in('filling').find(isReplayed),
      tableOf: ({ window }) => window.table,
      step: (version) =>
        version.stage !== 'dropping' && isReplayed(version)
          ? this.#fillOn(version)
          : this.#drop(version),
      giveUp: (version) => tables.save({ ...version, stage: 'dropping' }),
      onFailed: ({ window }, error) => {
        this.#ahead = [];
        onRetry(`window ${window.table} waits for the archive or the store`, error);
      },
    });
  }

  /** There may be something to do. */
  goOn(): void {
    this.#filling.goOn();
  }

  /** Drops a version that is being filled, instead of filling it. */
  giveUp(table: string): void {
    this.#filling.giveUp(table);
  }

  /** Stops after the step under way, if any. It is gone on with from there. */
  stop(): Promise<void> {
    return this.#filling.stop();
  }

  /** Resolves when all is filled, or when it was stopped. */
  ended(): Promise<void> {
    return this.#filling.ended();
  }

  async #fillOn(version: ReplayedWindow): Promise<void> {
    const { tables, store, statements, loader, eventsPerStep, reach } = this.#options;
    const { window, replay } = version;
    if (replay.loaded !== null) return this.#read(version);
    if (replay.intent !== null) return this.#insert(version, replay.intent);
    // What it was computed from may be gone: nothing is asked of it any more.
    if (replay.doneToMs >= replay.toMs) return this.#switch(version);
    await waitWhileBusy(loader, this.#filling.signal);
    if (this.#filling.signal.aborted) return;
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
    await pause(performance.now() - startedMs, this.#filling.signal);
  }

  async #read(version: ReplayedWindow): Promise<void> {
    const { tables, readAgain } = this.#options;
    const { table } = version.window;
    const hasAll = await this.#filling.read(table, (signal) => readAgain(version, signal));
    const now = tables.at(table);
    if (now === undefined || !isReplayed(now) || !hasAll) return;
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

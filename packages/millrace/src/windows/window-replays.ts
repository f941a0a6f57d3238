import { MillraceError } from '../errors.ts';
import type { WindowPlan } from '../plan/plan.ts';
import { atVersion } from '../plan/versions.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReachCrashPoint } from '../ports/crash-points.ts';
import type { Store } from '../ports/store.ts';
import type { WindowReplay } from '../ports/window-versions.ts';
import { Turns } from '../turns.ts';
import { eventsOfReplay, firstEndMs, type WindowQuestions } from './replay-steps.ts';
import type { ReplayedWindow, WindowReplayer } from './window-replayer.ts';
import type { RunningWindow, WindowRunner } from './window-runner.ts';
import type { VersionedWindow, WindowTables } from './window-tables.ts';

/** What is to be replayed. */
export interface WindowReplayOrder extends Pick<WindowReplay, 'from'> {
  readonly window: string;
}

export interface WindowReplaysOptions {
  readonly tables: WindowTables;
  readonly runner: Pick<WindowRunner, 'join'>;
  readonly replayer: Pick<WindowReplayer, 'goOn' | 'giveUp'>;
  readonly store: Store;
  /** One past the newest record of the log that was taken by now, once the store has it. */
  readonly stored: () => Promise<number>;
  readonly clock: Clock;
  /** The newest version that the plan knows of. */
  readonly newestVersion: (name: string) => number;
  /**
   * Where the history begins that a replay reads; 0 if it has everything.
   *
   * @throws MillraceError `history_incomplete`, `archive_unavailable`.
   */
  readonly historyStart: (from: WindowReplay['from']) => Promise<number>;
  /** Stored events that happened before this (epoch ms) may be gone. */
  readonly eventsGoneBeforeMs: () => number;
  readonly running: (window: WindowPlan) => RunningWindow;
  readonly statements: WindowQuestions & {
    /** Makes the table of a version, and what its events are read into. */
    readonly create: (window: WindowPlan, from: WindowReplay['from']) => readonly string[];
    readonly show: (window: WindowPlan) => string;
    /** A row if a version has results of windows that began before a time (epoch ms). */
    readonly resultsFromBefore: (window: WindowPlan, beforeMs: number) => string;
  };
  readonly reach: ReachCrashPoint;
  readonly onNews: (sentence: string) => void;
}

/** Versions of windows that are asked for, as `Replays` are of rollups. */
export class WindowReplays {
  readonly #options: WindowReplaysOptions;
  readonly #turns = new Turns();

  constructor(options: WindowReplaysOptions) {
    this.#options = options;
  }

  /**
   * Begins a replay: resolves once the new version gets what comes, and the
   * results of before are being brought into it.
   *
   * @throws MillraceError `not_found`, `replay_conflict`, `history_incomplete`, `archive_unavailable`.
   */
  begin({ window: name, from }: WindowReplayOrder): Promise<void> {
    return this.#turns.take(async () => {
      const { tables, replayer, newestVersion, historyStart, clock, onNews } = this.#options;
      const ready = this.#ready(name);
      if (tables.filling(name) !== undefined) {
        throw new MillraceError('replay_conflict', `The window ${name} is being filled already.`);
      }
      const start = await historyStart(from);
      if (from === 'events') await this.#refuseGone(ready);
      const version = tables.nextVersion(name, newestVersion(name));
      const window: WindowPlan = atVersion(ready.window, version);
      const asked: ReplayedWindow = {
        ...{ window, definedAs: ready.definedAs, stage: 'creating' },
        replay: {
          ...{ from, cut: start, toMs: 0, events: 0, eventsDone: 0, doneToMs: 0, intent: null },
          loaded: from === 'events' ? null : { committed: start, intents: [] },
          emittedAtMs: clock.now(),
        },
      };
      await tables.begin(asked);
      try {
        await this.#create(asked, ready.window.table);
      } catch (error) {
        await tables.save({ ...asked, stage: 'dropping' });
        throw error;
      } finally {
        replayer.goOn();
      }
      onNews(
        `window ${name} is replayed from the ${from} as version ${version}; readers see version ${ready.window.version} until then`,
      );
    });
  }

  /**
   * Lets readers go back to the version that the one they see took the place of.
   * That one is kept instead, so that it can be undone the same way.
   *
   * @throws MillraceError `not_found`, `replay_conflict` if there is none.
   */
  back(name: string): Promise<void> {
    return this.#turns.take(async () => {
      const { tables, store, statements, onNews } = this.#options;
      const ready = this.#ready(name);
      const kept = this.#kept(name);
      await store.define(statements.show(kept.window));
      await tables.save({ ...kept, stage: 'ready' }, { ...ready, stage: 'kept' });
      onNews(`readers see version ${kept.window.version} of the window ${name} again`);
    });
  }

  /**
   * Gives a replay up, if one is under way; else drops the version that readers
   * could go back to.
   *
   * @throws MillraceError `not_found`, `replay_conflict` if there is neither.
   */
  drop(name: string): Promise<void> {
    return this.#turns.take(async () => {
      const { tables, replayer } = this.#options;
      this.#ready(name);
      const replayed = tables.filling(name);
      if (replayed !== undefined) return replayer.giveUp(replayed.window.table);
      await tables.save({ ...this.#kept(name), stage: 'dropping' });
      replayer.goOn();
    });
  }

  async #create(asked: ReplayedWindow, beside: string): Promise<void> {
    const { tables, runner, running, store, stored, statements, reach } = this.#options;
    const { window } = asked;
    const { from, loaded } = asked.replay;
    for (const statement of statements.create(window, from)) await store.define(statement);
    const toMs = await runner.join(running(window), beside);
    // Whatever is not late of windows that ended by then is in the store, and below this.
    const cut = await stored();
    const replay = { ...asked.replay, toMs, cut, doneToMs: firstEndMs(window, toMs) };
    const events =
      loaded === null
        ? await eventsOfReplay(window, replay, { store, questions: statements })
        : cut - loaded.committed;
    reach('window-replay-created');
    await tables.save({ ...asked, stage: 'filling', replay: { ...replay, events } });
  }

  #ready(name: string): VersionedWindow {
    const { tables } = this.#options;
    const ready = tables.ready(name);
    if (ready !== undefined) return ready;
    const names = tables.in('ready').map(({ window }) => window.name);
    throw new MillraceError(
      'not_found',
      `There is no window ${name}; there are: ${names.join(', ') || 'none'}.`,
    );
  }

  #kept(name: string): VersionedWindow {
    const kept = this.#options.tables.kept(name);
    if (kept !== undefined) return kept;
    throw new MillraceError('replay_conflict', `No other version of the window ${name} is kept.`);
  }

  /** @throws MillraceError `history_incomplete` if readers would lose results whose events are gone. */
  async #refuseGone({ window }: VersionedWindow): Promise<void> {
    const { store, statements, eventsGoneBeforeMs } = this.#options;
    const goneMs = eventsGoneBeforeMs();
    if (goneMs === Number.NEGATIVE_INFINITY) return;
    const { bytes } = await store.read(statements.resultsFromBefore(window, goneMs));
    if (bytes.length === 0) return;
    throw new MillraceError(
      'history_incomplete',
      `The window ${window.name} has results from before ${new Date(goneMs).toISOString()}, whose events the store does not keep any more.`,
    );
  }
}

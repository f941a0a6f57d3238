import { MillraceError } from '../errors.ts';
import { bucketOfMs, endOfBucketMonthMs } from '../plan/month-of-bucket.ts';
import type { RollupPlan } from '../plan/plan.ts';
import { atVersion } from '../plan/versions.ts';
import type { ReachCrashPoint } from '../ports/crash-points.ts';
import { resultLines } from '../ports/result-rows.ts';
import type { RollupReplay } from '../ports/rollup-progress.ts';
import type { Store } from '../ports/store.ts';
import { Turns } from '../turns.ts';
import type { RollupFiller } from './rollup-filler.ts';
import { emptyPlace, type Place, type RollupTables } from './rollup-tables.ts';

/** What is to be replayed. Times are epoch ms; null for no bound. */
export interface ReplayOrder extends Pick<RollupReplay, 'from' | 'sinceMs' | 'untilMs'> {
  readonly rollup: string;
}

export interface ReplaysOptions {
  readonly tables: RollupTables;
  readonly store: Store;
  readonly filler: Pick<RollupFiller, 'goOn' | 'giveUp'>;
  /** Does the work while the store has exactly what lies below an offset of the log, and never gets any of it again. */
  readonly atCut: <Result>(work: (cut: number) => Promise<Result>) => Promise<Result>;
  /** The newest version of a rollup that the plan knows of. */
  readonly newestVersion: (name: string) => number;
  /**
   * Where the history begins that a replay reads; 0 if it has everything.
   *
   * @throws MillraceError `history_incomplete`, `archive_unavailable`.
   */
  readonly historyStart: (replay: RollupReplay) => Promise<number>;
  /** How many stored events a version is to be filled with. */
  readonly storedEvents: (place: Place) => Promise<number>;
  readonly statements: {
    /** Makes the table of a version, and what it is replayed through. */
    readonly createTables: (rollup: RollupPlan, replay: RollupReplay) => readonly string[];
    /** Brings each insert from now on into it. */
    readonly createFill: (rollup: RollupPlan) => readonly string[];
    /** The months (`YYYYMM`), one a row, that a version has buckets of. */
    readonly monthsOf: (rollup: RollupPlan) => string;
    readonly takeMonth: (
      rollup: RollupPlan,
      month: {
        readonly month: string;
        readonly from: RollupPlan;
        readonly into: 'version' | 'before';
      },
    ) => string;
    readonly show: (rollup: RollupPlan) => string;
  };
  readonly reach: ReachCrashPoint;
  readonly onNews: (sentence: string) => void;
}

/**
 * Versions of rollups that are asked for: made anew from the archive, the log or
 * the stored events while readers stay with the one they have, which is kept
 * when the new one takes its place.
 */
export class Replays {
  readonly #options: ReplaysOptions;
  readonly #turns = new Turns();

  constructor(options: ReplaysOptions) {
    this.#options = options;
  }

  /**
   * Begins a replay: resolves once the new version gets all new events, and the
   * others are being brought into it.
   *
   * @throws MillraceError `not_found`, `replay_invalid`, `replay_conflict`, `history_incomplete`,
   *   `archive_unavailable`.
   */
  begin(order: ReplayOrder): Promise<Place> {
    return this.#turns.take(async () => {
      const { tables, filler, newestVersion, historyStart, onNews } = this.#options;
      const ready = this.#ready(order.rollup);
      const { name, every } = ready.rollup;
      if (tables.in('filling').some(({ rollup }) => rollup.name === name)) {
        throw new MillraceError('replay_conflict', `The rollup ${name} is being filled already.`);
      }
      checkRange(order, name, every);
      const version = tables.nextVersion(name, newestVersion(name));
      const rollup = atVersion(ready.rollup, version);
      const { from, sinceMs, untilMs } = order;
      const asked: RollupReplay = {
        ...{ from, sinceMs, untilMs },
        copied: sinceMs === null && untilMs === null,
        loaded: { committed: 0, intents: [] },
      };
      const start = await historyStart(asked);
      const empty = emptyPlace(rollup);
      const place: Place = {
        ...empty,
        doneToMs: sinceMs ?? empty.doneToMs,
        // What is not replayed is as complete as it was.
        completeSinceMs: asked.copied ? null : ready.completeSinceMs,
        replay: { ...asked, loaded: { committed: start, intents: [] } },
      };
      await tables.begin(place);
      try {
        const begun = await this.#create(place, asked);
        onNews(
          `rollup ${name} is replayed from the ${from} as version ${version}; version ${ready.rollup.version} answers until then`,
        );
        return begun;
      } catch (error) {
        await tables.save({ ...place, stage: 'dropping' });
        throw error;
      } finally {
        filler.goOn();
      }
    });
  }

  /**
   * Lets readers go back to the version that the one they see took the place of.
   * That one is kept instead, so that it can be undone the same way.
   *
   * @throws MillraceError `not_found`, `replay_conflict` if there is none.
   */
  back(name: string): Promise<Place> {
    return this.#turns.take(async () => {
      const { tables, store, statements, onNews } = this.#options;
      const ready = this.#ready(name);
      const kept = this.#kept(name);
      await store.define(statements.show(kept.rollup));
      const now: Place = { ...kept, stage: 'ready' };
      await tables.save(now, { ...ready, stage: 'kept' });
      onNews(`rollup ${name} is answered by version ${kept.rollup.version} again`);
      return now;
    });
  }

  /**
   * Gives a replay up, if one is under way; else drops the version that readers
   * could go back to.
   *
   * @throws MillraceError `not_found`, `replay_conflict` if there is neither.
   */
  drop(name: string): Promise<Place> {
    return this.#turns.take(async () => {
      const { tables, filler } = this.#options;
      this.#ready(name);
      const replayed = tables
        .in('filling')
        .find(({ rollup, replay }) => rollup.name === name && replay !== undefined);
      if (replayed !== undefined) {
        filler.giveUp(replayed.rollup.table);
        return replayed;
      }
      const gone: Place = { ...this.#kept(name), stage: 'dropping' };
      await tables.save(gone);
      filler.goOn();
      return gone;
    });
  }

  #ready(name: string): Place {
    const { tables } = this.#options;
    const ready = tables.ready(name);
    if (ready !== undefined) return ready;
    const names = tables.in('ready').map(({ rollup }) => rollup.name);
    throw new MillraceError(
      'not_found',
      `There is no rollup ${name} that has everything; there are: ${names.join(', ') || 'none'}.`,
    );
  }

  #kept(name: string): Place {
    const kept = this.#options.tables.kept(name);
    if (kept !== undefined) return kept;
    throw new MillraceError('replay_conflict', `No other version of the rollup ${name} is kept.`);
  }

  async #create(place: Place, replay: RollupReplay): Promise<Place> {
    const { tables, store, statements, storedEvents, atCut, reach } = this.#options;
    const { rollup } = place;
    for (const statement of statements.createTables(rollup, replay)) await store.define(statement);
    return atCut(async (cut) => {
      // Nothing is inserted now: this is kept short.
      for (const statement of statements.createFill(rollup)) await store.define(statement);
      if (!replay.copied) await this.#takeBuckets(rollup, replay);
      reach('rollup-created');
      const loaded = place.replay?.loaded.committed ?? 0;
      const events =
        replay.from === 'events' ? await storedEvents({ ...place, cut }) : cut - loaded;
      const begun: Place = { ...place, stage: 'filling', cut, events };
      await tables.save(begun);
      return begun;
    });
  }

  /** Takes over what is not replayed: whole months at once, the others to be copied from. */
  async #takeBuckets(rollup: RollupPlan, { sinceMs, untilMs }: RollupReplay): Promise<void> {
    const { store, statements } = this.#options;
    const { rollup: from } = this.#ready(rollup.name);
    const months = await store.read(statements.monthsOf(from), { format: 'TSV' });
    for (const month of resultLines(months)) {
      const { beginMs, endMs } = monthOf(month);
      const isOutside =
        (sinceMs !== null && endMs <= sinceMs) || (untilMs !== null && beginMs >= untilMs);
      const into = isOutside ? 'version' : 'before';
      await store.define(statements.takeMonth(rollup, { month, from, into }));
    }
  }
}

/** Buckets that begin in a month (`YYYYMM`), as epoch ms. */
function monthOf(month: string): { readonly beginMs: number; readonly endMs: number } {
  const beginMs = Date.UTC(Number(month.slice(0, -2)), Number(month.slice(-2)) - 1, 1);
  return { beginMs, endMs: endOfBucketMonthMs(beginMs, 'month') };
}

/** @throws MillraceError `replay_invalid` if a bound lies in a bucket, which would be neither replayed nor not. */
function checkRange(
  { sinceMs, untilMs }: Pick<ReplayOrder, 'sinceMs' | 'untilMs'>,
  name: string,
  every: RollupPlan['every'],
): void {
  for (const ms of [sinceMs, untilMs]) {
    if (ms === null || bucketOfMs(ms, every) === ms) continue;
    throw new MillraceError(
      'replay_invalid',
      `${timeText(ms)} lies in a bucket of the rollup ${name}, one for each ${every}: the one that begins at ${timeText(bucketOfMs(ms, every))}.`,
    );
  }
  if (sinceMs !== null && untilMs !== null && sinceMs >= untilMs) {
    throw new MillraceError(
      'replay_invalid',
      `There is nothing from ${timeText(sinceMs)} to ${timeText(untilMs)}.`,
    );
  }
}

const timeText = (ms: number): string => new Date(ms).toISOString();

import type { Leases } from '../leases.ts';
import { Filling } from '../load/filling.ts';
import { type FilledBeside, waitWhileBusy } from '../load/pace.ts';
import { pause } from '../pause.ts';
import type { RollupPlan } from '../plan/plan.ts';
import type { Clock } from '../ports/clock.ts';
import { type ReachCrashPoint, survive } from '../ports/crash-points.ts';
import { resultLines } from '../ports/result-rows.ts';
import type { RollupReplay, RollupStep } from '../ports/rollup-progress.ts';
import type { Store } from '../ports/store.ts';
import { type FillQuestions, type FillRange, nextSteps } from './fill-steps.ts';
import type { Place, RollupTables } from './rollup-tables.ts';

export interface RollupFillerOptions {
  readonly tables: RollupTables;
  readonly store: Store;
  readonly loader: FilledBeside;
  /** Readers of rollups. */
  readonly leases: Leases;
  readonly clock: Clock;
  /** Events that happened longer ago than this may be gone; null if they are kept for ever. */
  readonly eventsKeepMs: number | null;
  readonly statements: FillQuestions & {
    /** Brings the events of a range into the table. */
    readonly fill: (rollup: RollupPlan, range: FillRange) => string;
    /** Lets readers of the rollup's name see the table. */
    readonly show: (rollup: RollupPlan) => string;
    /** Ends what brings new events into the table. */
    readonly cutOff: (rollup: RollupPlan) => readonly string[];
    readonly drop: (rollup: RollupPlan) => readonly string[];
    /** The months (`YYYYMM`), one a row, of which a version gets buckets that are not replayed, … */
    readonly monthsBefore: (rollup: RollupPlan) => string;
    /** … what brings those of one into it, … */
    readonly copyBuckets: (rollup: RollupPlan, month: string, replay: RollupReplay) => string;
    /** … and what ends the replay of a version, but for the version. */
    readonly endReplay: (rollup: RollupPlan) => readonly string[];
  };
  /** Reads the archive and the log again into a version; resolves once it has all below its cut, or the signal aborts. */
  readonly readAgain: (place: Place, signal: AbortSignal) => Promise<void>;
  /** As many as are aggregated and inserted in some tenths of a second. Default 250,000. */
  readonly eventsPerStep?: number;
  readonly reach?: ReachCrashPoint;
  readonly onSwitch?: (now: Place) => void;
  /** Told of each failed try. */
  readonly onRetry: (what: string, error: unknown) => void;
}

/**
 * Fills versions of rollups from the events that were there before them, while
 * new events come in through their views, and hands readers over to each that
 * has everything.
 *
 * One step at a time, each a range of event time. It is recorded before it is
 * inserted, with a token that names it, so that after a crash it is repeated and
 * the store keeps one.
 */
export class RollupFiller {
  readonly #options: Required<RollupFillerOptions>;
  readonly #filling: Filling<Place>;
  /** What comes next of the table that is being filled. */
  #ahead: readonly RollupStep[] = [];

  constructor(options: RollupFillerOptions) {
    this.#options = { eventsPerStep: 250_000, reach: survive, onSwitch: () => {}, ...options };
    const { tables, onRetry } = options;
    this.#filling = new Filling({
      next: () => this.#next(),
      tableOf: ({ rollup }) => rollup.table,
      step: (place) => (place.stage === 'dropping' ? this.#drop(place) : this.#fillOn(place)),
      giveUp: (place) => tables.save({ ...place, stage: 'dropping' }),
      onFailed: ({ rollup, replay }, error) => {
        this.#ahead = [];
        const what = replay ? 'the archive or the store' : 'the store';
        onRetry(`rollup ${rollup.table} waits for ${what}`, error);
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

  #next(): Place | undefined {
    const { tables } = this.#options;
    const [gone] = tables.in('dropping');
    const filling = tables.in('filling');
    // A replay can wait for an archive that is away; a changed definition should not wait with it.
    return gone ?? filling.find(({ replay }) => !replay) ?? filling[0];
  }

  async #fillOn(place: Place): Promise<void> {
    const { tables, loader, reach, store, statements, eventsPerStep } = this.#options;
    if (place.replay?.copied === false) return this.#copy(place, place.replay);
    if (place.replay && place.replay.from !== 'events') return this.#replay(place);
    if (place.intent !== null) return this.#insert(place, place.intent);
    await waitWhileBusy(loader, this.#filling.signal);
    if (this.#filling.signal.aborted) return;
    if (this.#ahead[0]?.fromMs !== place.doneToMs)
      this.#ahead = await nextSteps(place, { store, questions: statements, eventsPerStep });
    const [step, ...later] = this.#ahead;
    if (step === undefined) return this.#switch(place);
    this.#ahead = later;
    const begun = { ...place, intent: step };
    await tables.save(begun);
    reach('rollup-intended');
    const startedMs = performance.now();
    await this.#insert(begun, step);
    // As long as it worked, it leaves the machine to others.
    await pause(performance.now() - startedMs, this.#filling.signal);
  }

  async #insert(place: Place, step: RollupStep): Promise<void> {
    const { tables, store, statements, reach } = this.#options;
    const { rollup, cut } = place;
    await store.insertComputed({
      statement: statements.fill(rollup, { ...step, cut }),
      token: `rollups/${rollup.table}/${step.fromMs}-${step.toMs}`,
    });
    reach('rollup-inserted');
    await tables.save({
      ...place,
      intent: null,
      doneToMs: step.toMs,
      eventsDone: place.eventsDone + step.events,
      completeSinceMs: this.#completeSinceMs(place, step.toMs),
    });
  }

  /** Brings in the buckets that are not replayed. */
  async #copy(place: Place, replay: RollupReplay): Promise<void> {
    const { tables, store, statements, reach } = this.#options;
    const { rollup } = place;
    const months = await store.read(statements.monthsBefore(rollup), { format: 'TSV' });
    for (const month of resultLines(months)) {
      await store.insertComputed({
        statement: statements.copyBuckets(rollup, month, replay),
        token: `replays/${rollup.table}/before/${month}`,
      });
    }
    reach('replay-copied');
    await tables.save({ ...place, replay: { ...replay, copied: true } });
  }

  async #replay(place: Place): Promise<void> {
    const { tables, readAgain } = this.#options;
    const { table } = place.rollup;
    const hasAll = await this.#filling.read(table, (signal) => readAgain(place, signal));
    const now = tables.at(table);
    if (now?.stage === 'filling' && hasAll) await this.#switch(now);
  }

  /** Since when it has everything, now that it has what is left of the events before a time. */
  #completeSinceMs({ doneToMs, completeSinceMs }: Place, toMs: number): number | null {
    const { tables, clock, eventsKeepMs } = this.#options;
    const goneMs = tables.eventsGoneBeforeMs(eventsKeepMs, clock.now());
    if (doneToMs >= goneMs) return completeSinceMs;
    return Math.max(completeSinceMs ?? Number.NEGATIVE_INFINITY, Math.min(toMs, goneMs));
  }

  async #switch(place: Place): Promise<void> {
    const { tables, store, statements, reach, onSwitch } = this.#options;
    const { name } = place.rollup;
    const isFromEvents = place.replay === undefined || place.replay.from === 'events';
    const now: Place = {
      ...place,
      stage: 'ready',
      completeSinceMs: isFromEvents
        ? this.#completeSinceMs(place, Number.POSITIVE_INFINITY)
        : place.completeSinceMs,
    };
    const old = tables.ready(name);
    const older = tables.kept(name);
    reach('rollup-filled');
    if (place.replay) {
      for (const statement of statements.endReplay(place.rollup)) await store.define(statement);
    }
    await store.define(statements.show(place.rollup));
    reach('rollup-shown');
    await tables.save(
      now,
      ...(old ? [{ ...old, stage: place.replay ? 'kept' : 'dropping' } as const] : []),
      ...(older ? [{ ...older, stage: 'dropping' } as const] : []),
    );
    onSwitch(now);
    reach('rollup-switched');
  }

  async #drop(place: Place): Promise<void> {
    const { tables, store, loader, leases, statements, reach } = this.#options;
    await leases.ended();
    // An insert whose view goes while it is under way would fail, half in the store.
    await loader.between(async () => {
      for (const statement of statements.cutOff(place.rollup)) await store.define(statement);
    });
    reach('rollup-cut-off');
    for (const statement of statements.drop(place.rollup)) await store.define(statement);
    await tables.forget(place);
  }
}

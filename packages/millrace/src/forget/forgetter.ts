import { MillraceError } from '../errors.ts';
import { Backoff } from '../load/backoff.ts';
import type { Loader } from '../load/loader.ts';
import { pause } from '../pause.ts';
import type { RollupPlan, WindowPlan } from '../plan/plan.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReachCrashPoint } from '../ports/crash-points.ts';
import type {
  ForgetOrder,
  ForgetReceipt,
  FoundTraces,
  Person,
  TouchedRollup,
} from '../ports/forget-progress.ts';
import type { Log, LogReader, LogWriter } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import type { ReplayOrder, Replays } from '../rollups/replays.ts';
import type { Place, RollupTables } from '../rollups/rollup-tables.ts';
import { Turns } from '../turns.ts';

import { findTraces, type TraceQuestions } from './find-traces.ts';
import type { ForgettableArchive } from './forgettable-archive.ts';
import type { Forgotten } from './forgotten.ts';
import { OffsetSet } from './offset-set.ts';

/** Whom to forget, and how. */
export interface ForgetRequest {
  readonly person: Person;
  /** Whether to make rollups anew without them. */
  readonly rebuild: boolean;
}

/** How far an order is. */
export interface ForgetStatus extends ForgetReceipt {
  /** Why it does not get on; null while it does. */
  readonly problem: string | null;
}

export interface ForgetterOptions {
  readonly forgotten: Forgotten;
  readonly log: LogWriter & Pick<LogReader, 'end'>;
  /** The log without what was forgotten. */
  readonly readableLog: LogReader;
  /** Null where there is none. */
  readonly archive: ForgettableArchive | null;
  readonly deadLetters: Log;
  readonly partition: number;
  readonly store: Store;
  readonly eventLoader: Pick<Loader, 'settled' | 'atCut'>;
  readonly deadLetterLoader: Pick<Loader, 'settled'>;
  readonly tables: RollupTables;
  readonly replays: Pick<Replays, 'begin' | 'drop'>;
  /** What has all events that happened at a time (epoch ms) or later, if anything has. */
  readonly rebuildFrom: (sinceMs: number) => ReplayOrder['from'];
  readonly windows: Versions<{ readonly window: WindowPlan }>;
  readonly latenessMs: number;
  /** Resolves once the results of all windows that have ended are written. */
  readonly windowsWritten: (signal: AbortSignal) => Promise<void>;
  /** The names of windows that alerts are about. */
  readonly alertedWindows: readonly string[];
  readonly statements: TraceQuestions & {
    readonly deleteEvents: (order: ForgetOrder) => string;
    readonly deleteLetters: (offsets: readonly number[]) => string;
    readonly isKeyedBy: (keyed: RollupPlan | WindowPlan, person: Person) => boolean;
    /** Whether its rows under their ids are all that their events count in. */
    readonly isKeyedByAll: (keyed: RollupPlan, person: Person) => boolean;
    readonly deleteKeyed: (rollup: RollupPlan, person: Person) => string;
    readonly fillKeyed: (rollup: RollupPlan, person: Person) => string;
    /** Of windows that ended before a time (epoch ms). */
    readonly deleteResults: (window: WindowPlan, person: Person, endedBeforeMs: number) => string;
    readonly countResults: (window: WindowPlan, person: Person, endedBeforeMs: number) => string;
  };
  /** Of the logs; null if they forget nothing. */
  readonly logRetentionMs: number | null;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly reach: ReachCrashPoint;
  /** Told of each failed try. */
  readonly onRetry: (what: string, error: unknown) => void;
}

/** What tells of a window's results, one after another. */
export interface ResultsTeller {
  readonly window: string;
  /** Saves where it is: it has told all of windows that ended before the time (epoch ms); null while that is not known. */
  keepPlace(): Promise<number | null>;
}

const lettersAtOnce = 10_000;
const lookMs = 100;

/**
 * Carries out orders to forget a person, one at a time, and each to its end: it
 * is durable before anything is removed, and every part of it may be done again.
 */
export class Forgetter {
  readonly #options: ForgetterOptions;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff(100, 5_000);
  readonly #turns = new Turns();
  #running: Promise<void> | undefined;
  #idle = true;
  #problem: string | null = null;
  #tellers: readonly ResultsTeller[] = [];

  constructor(options: ForgetterOptions) {
    this.#options = options;
  }

  /** Goes on with what was ordered before. */
  start(): void {
    if (!this.#idle || this.#stopping.signal.aborted) return;
    this.#idle = false;
    this.#running = this.#run();
  }

  /** Those that run, which must not miss a result because others went. */
  mindTellers(tellers: readonly ResultsTeller[]): void {
    this.#tellers = tellers;
  }

  /** Stops after the part under way. It is gone on with from there. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /**
   * Orders that what was accepted of a person until now is forgotten: resolves once
   * the order is durable. The same again, while it is under way, is the same order.
   *
   * @throws MillraceError `forget_invalid`, `forget_conflict` while there is another.
   */
  order({ person, rebuild }: ForgetRequest): Promise<ForgetStatus> {
    return this.#turns.take(async () => {
      const { forgotten, log, archive, deadLetters, clock, newId, reach } = this.#options;
      const ids = [person.userId, person.anonymousId].filter((id) => id !== null);
      if (ids.length === 0 || ids.includes('')) {
        throw new MillraceError('forget_invalid', 'An order names a user or an anonymous id.');
      }
      const { underWay } = forgotten;
      if (underWay !== null) {
        if (sameOrder(underWay, { person, rebuild })) return this.#statusOf(underWay);
        throw new MillraceError('forget_conflict', `The order ${underWay.id} is under way.`);
      }
      // What was taken before is in the logs, all of it.
      await Promise.all([log.append([]), deadLetters.append([])]);
      const order: ForgetOrder = {
        id: newId(),
        ...{ person, rebuild, orderedAtMs: clock.now() },
        before: log.end,
        lettersBefore: deadLetters.end,
        ...{ found: null, resultsBeforeMs: null, removed: false, notRebuilt: [] },
        archivedTo: archive === null ? null : 0,
      };
      await forgotten.save((progress) => ({ ...progress, underWay: order }));
      reach('forget-ordered');
      this.start();
      return this.#statusOf(order);
    });
  }

  /** What was forgotten, and is being: the oldest first. */
  get orders(): readonly ForgetStatus[] {
    const { done, underWay } = this.#options.forgotten;
    return [
      ...done.map((receipt) => ({ ...receipt, problem: null })),
      ...(underWay === null ? [] : [this.#statusOf(underWay)]),
    ];
  }

  /** @throws MillraceError `forget_conflict` while an order is under way that a new version of a rollup could slip past. */
  refuseWhileRemoving(): void {
    const { underWay } = this.#options.forgotten;
    if (underWay === null || underWay.removed) return;
    throw new MillraceError('forget_conflict', `The order ${underWay.id} is under way.`);
  }

  async #run(): Promise<void> {
    const { forgotten, onRetry } = this.#options;
    const { signal } = this.#stopping;
    for (let order = forgotten.underWay; order && !signal.aborted; order = forgotten.underWay) {
      try {
        await this.#goOn(order, signal);
        this.#problem = null;
        this.#backoff.reset();
      } catch (error) {
        if (signal.aborted) break;
        this.#problem = error instanceof Error ? error.message : String(error);
        onRetry(`the order ${order.id} to forget a person waits`, error);
        await this.#backoff.wait(signal);
      }
    }
    this.#idle = true;
  }

  async #goOn(order: ForgetOrder, signal: AbortSignal): Promise<void> {
    const { found, removed, archivedTo, rebuild } = order;
    if (found === null) return this.#find(order, signal);
    if (!removed) return this.#remove(order, found, signal);
    if (archivedTo !== null && found.archived.some((offset) => offset >= archivedTo))
      return this.#rewriteNext(order, found, archivedTo);
    if (rebuild && (await this.#rebuildNext(order, found, signal))) return;
    return this.#end(order, found);
  }

  async #find(order: ForgetOrder, signal: AbortSignal): Promise<void> {
    const { forgotten, readableLog, eventLoader, deadLetterLoader, deadLetters, tables, reach } =
      this.#options;
    const archive = order.archivedTo === null ? null : this.#archive();
    await eventLoader.settled(order.before, signal);
    await archive?.has(order.before, signal);
    // Among them what the store refused of these events.
    const lettersEnd = deadLetters.end;
    await deadLetterLoader.settled(lettersEnd, signal);
    await this.#until(
      () => changing(tables).length === 0 && changing(this.#options.windows).length === 0,
      signal,
    );
    signal.throwIfAborted();
    const { offsets, ...found } = await findTraces(order, {
      ...{ store: this.#options.store, log: readableLog },
      archive: archive && (await archive.open()),
      questions: this.#options.statements,
      lettersEnd,
      versions: whole(tables).map(({ rollup }) => rollup),
      signal,
    });
    await forgotten.save((progress) => ({
      ...progress,
      underWay: { ...order, found },
      offsets: forgotten.offsets.with(offsets).ranges,
    }));
    reach('forget-found');
  }

  async #remove(order: ForgetOrder, found: FoundTraces, signal: AbortSignal): Promise<void> {
    const { forgotten, store, statements, tables, eventLoader, reach } = this.#options;
    const { person } = order;
    // The engine would write every part of the table anew to find out that it has none.
    if (found.events > 0) await store.define(statements.deleteEvents(order));
    reach('forget-events-removed');
    for (let first = 0; first < found.letters.length; first += lettersAtOnce) {
      const some = found.letters.slice(first, first + lettersAtOnce);
      await store.define(statements.deleteLetters(some));
    }
    for (const { rollup } of whole(tables)) {
      if (!statements.isKeyedBy(rollup, person)) continue;
      // What comes meanwhile waits, so that it is in the table once.
      await eventLoader.atCut(async () => {
        await store.define(statements.deleteKeyed(rollup, person));
        await store.insertComputed({
          statement: statements.fillKeyed(rollup, person),
          token: `forgotten/${rollup.table}/${this.#options.newId()}`,
        });
      }, signal);
    }
    const endedBeforeMs = await this.#endedBeforeMs(order, signal);
    for (const { window } of whole(this.#options.windows)) {
      if (!statements.isKeyedBy(window, person)) continue;
      await this.#removeResults(window, person, endedBeforeMs, signal);
    }
    reach('forget-rows-removed');
    await forgotten.save((progress) => ({
      ...progress,
      underWay: progress.underWay && { ...progress.underWay, removed: true },
    }));
  }

  /** Windows that ended before it (epoch ms) may have been computed while the events were there, and no others. */
  async #endedBeforeMs(order: ForgetOrder, signal: AbortSignal): Promise<number> {
    const { forgotten, windowsWritten, clock, latenessMs } = this.#options;
    if (order.resultsBeforeMs !== null) return order.resultsBeforeMs;
    await windowsWritten(signal);
    const resultsBeforeMs = clock.now() - latenessMs + 1;
    await forgotten.save((progress) => ({ ...progress, underWay: { ...order, resultsBeforeMs } }));
    return resultsBeforeMs;
  }

  /** An alert counts how many results of a window's end it has told: they go once it is past them. */
  async #removeResults(
    window: WindowPlan,
    person: Person,
    endedBeforeMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { store, statements } = this.#options;
    const left = statements.countResults(window, person, endedBeforeMs);
    for (;;) {
      signal.throwIfAborted();
      const untilMs = Math.min(endedBeforeMs, await this.#toldBeforeMs(window));
      await store.define(statements.deleteResults(window, person, untilMs));
      const { bytes } = await store.read(left, { format: 'TSV' });
      if (Buffer.from(bytes).toString().trim() === '0') return;
      this.#problem = `An alert has yet to be told of results of the window ${window.name}.`;
      await pause(lookMs, signal);
    }
  }

  /** Every alert of the window has told the results of before (epoch ms). */
  async #toldBeforeMs({ name }: WindowPlan): Promise<number> {
    if (!this.#options.alertedWindows.includes(name)) return Number.POSITIVE_INFINITY;
    const tellers = this.#tellers.filter(({ window }) => window === name);
    const places = await Promise.all(tellers.map((teller) => teller.keepPlace()));
    // One that does not run is where it was left.
    if (places.length === 0) return 0;
    return Math.min(...places.map((place) => place ?? 0));
  }

  /** Takes them out of the next range of the archive that has something of them. */
  async #rewriteNext(order: ForgetOrder, { archived }: FoundTraces, from: number): Promise<void> {
    const { forgotten, reach } = this.#options;
    const archivedTo = await this.#archive().removeNext(new OffsetSet([]).with(archived), from);
    reach('forget-archive-rewritten');
    await forgotten.save((progress) => ({ ...progress, underWay: { ...order, archivedTo } }));
  }

  /** @throws MillraceError `archive_unavailable` where it was known when the order was given, and is not now. */
  #archive(): ForgettableArchive {
    const { archive } = this.#options;
    if (archive !== null) return archive;
    throw new MillraceError(
      'archive_unavailable',
      'A person is being forgotten, and the archive is not named any more: start with --archive.',
    );
  }

  /** Makes the next rollup anew that has numbers of them. @returns whether there was one. */
  async #rebuildNext(
    order: ForgetOrder,
    found: FoundTraces,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { forgotten, tables, replays, rebuildFrom } = this.#options;
    for (const touched of this.#left(order, found)) {
      const { rollup, ranges } = touched;
      const isFilling = (): boolean =>
        [...changing(tables)].some((place) => place.rollup.name === rollup);
      if (isFilling()) {
        await this.#until(() => !isFilling(), signal);
        return true;
      }
      const ready = tables.ready(rollup);
      if (ready === undefined) continue;
      const [since, until] = [ranges[0]?.since, ranges.at(-1)?.until];
      if (since === undefined || until === undefined) continue;
      if (!touched.tables.includes(ready.rollup.table)) {
        await replays.drop(rollup);
        return true;
      }
      if (order.notRebuilt.includes(rollup)) continue;
      const [sinceMs, untilMs] = [Date.parse(since), Date.parse(until)];
      try {
        await replays.begin({ rollup, from: rebuildFrom(sinceMs), sinceMs, untilMs });
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== 'history_incomplete') throw error;
        // Nobody has the events any more that its other numbers are made of.
        const notRebuilt = [...order.notRebuilt, rollup];
        await forgotten.save((progress) => ({
          ...progress,
          underWay: { ...order, notRebuilt },
        }));
      }
      return true;
    }
    return false;
  }

  async #end(order: ForgetOrder, found: FoundTraces): Promise<void> {
    const { forgotten, reach, clock } = this.#options;
    const receipt = this.#receiptOf(order, found, clock.now());
    reach('forget-done');
    await forgotten.save(({ done, offsets }) => ({
      ...{ underWay: null, offsets },
      done: [...done, receipt],
    }));
  }

  #statusOf(order: ForgetOrder): ForgetStatus {
    return { ...this.#receiptOf(order, order.found, null), problem: this.#problem };
  }

  #receiptOf(
    order: ForgetOrder,
    found: FoundTraces | null,
    doneAtMs: number | null,
  ): ForgetReceipt {
    const { tables, windows, statements, logRetentionMs } = this.#options;
    const left = found === null ? [] : this.#left(order, found);
    const isAnew = (touched: TouchedRollup): boolean =>
      touched.tables.every((table) => tables.at(table) === undefined);
    const keyed = [
      ...whole(tables).map(({ rollup }) => rollup),
      ...whole(windows).map(({ window }) => window),
    ].filter((one) => statements.isKeyedBy(one, order.person));
    return {
      id: order.id,
      ordered_at: timeText(order.orderedAtMs),
      done_at: doneAtMs === null ? null : timeText(doneAtMs),
      events: found?.events ?? null,
      dead_letters: found?.letters.length ?? null,
      archived: order.archivedTo === null ? null : (found?.archived.length ?? null),
      rollups: left,
      rebuilt: order.rebuild
        ? (found?.rollups ?? []).filter(isAnew).map(({ rollup }) => rollup)
        : [],
      rows_removed_from: order.removed ? [...new Set(keyed.map(({ name }) => name))] : [],
      log_until: logRetentionMs === null ? null : timeText(order.orderedAtMs + logRetentionMs),
    };
  }

  /** Of the rollups that had numbers of them, those that have, in the tables that are still there. */
  #left({ person, removed }: ForgetOrder, { rollups }: FoundTraces): readonly TouchedRollup[] {
    const { tables, statements } = this.#options;
    const has = (table: string): boolean => {
      const place = tables.at(table);
      if (place === undefined) return false;
      return !(removed && statements.isKeyedByAll(place.rollup, person));
    };
    return rollups
      .map((touched) => ({ ...touched, tables: touched.tables.filter(has) }))
      .filter((touched) => touched.tables.length > 0);
  }

  async #until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    while (!holds() && !signal.aborted) await pause(lookMs, signal);
  }
}

const sameOrder = (order: ForgetOrder, { person, rebuild }: ForgetRequest): boolean =>
  order.person.userId === person.userId &&
  order.person.anonymousId === person.anonymousId &&
  order.rebuild === rebuild;

/** Of rollups, or of windows. */
interface Versions<Version> {
  in(stage: Place['stage']): readonly Version[];
}

/** Versions that have everything. */
const whole = <Version>(tables: Versions<Version>): readonly Version[] => [
  ...tables.in('ready'),
  ...tables.in('kept'),
];

/** Versions that are on their way to it, or to be gone. */
const changing = <Version>(tables: Versions<Version>): readonly Version[] => [
  ...tables.in('creating'),
  ...tables.in('filling'),
  ...tables.in('dropping'),
];

const timeText = (ms: number): string => new Date(ms).toISOString();

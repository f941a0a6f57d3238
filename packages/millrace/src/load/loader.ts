import { MillraceError } from '../errors.ts';
import { pause } from '../pause.ts';
import type { Clock } from '../ports/clock.ts';
import { type ReachCrashPoint, survive } from '../ports/crash-points.ts';
import type { LogReader } from '../ports/log.ts';
import type {
  InsertDeadline,
  LoadIntent,
  LoadProgress,
  LogRange,
  ProgressKeeper,
} from '../ports/progress.ts';
import { type Store, StoreError } from '../ports/store.ts';
import { Turns } from '../turns.ts';
import { withFirstOf } from '../with-first-of.ts';
import { Backoff } from './backoff.ts';
import type { InsertDeadlines } from './insert-deadlines.ts';
import { InsertGate } from './insert-gate.ts';
import { type LogBatch, ReadAhead } from './read-ahead.ts';

export interface LoaderOptions {
  readonly log: LogReader;
  readonly store: Pick<Store, 'insert' | 'read'>;
  readonly progress: ProgressKeeper;
  /** Where another loader may take over from this one, which then must not insert any more. */
  readonly deadlines?: InsertDeadlines;
  readonly clock: Clock;
  /** Where the rows go, and which columns the lines carry (default: those the table shows). */
  readonly table: string;
  readonly columns?: readonly string[];
  /** Names the log partition in tokens and rows. */
  readonly topic: string;
  readonly partition: number;
  readonly rowsMax?: number;
  readonly bytesMax?: number;
  /** Inserts begin this far apart, because each costs something however few its rows are … */
  readonly lingerMs?: number;
  /** … unless so many rows wait. */
  readonly rowsEnough?: number;
  /** One may begin while another is under way, if so many rows wait. */
  readonly rowsEnoughBeside?: number;
  /** Takes a row that the store will never take. Must be durable when it resolves. */
  readonly refuse: (row: RefusedRow) => Promise<void>;
  /** Told of each failed try. */
  readonly onRetry: (error: unknown, range: LogRange) => void;
  readonly reach?: ReachCrashPoint;
}

export interface RefusedRow {
  readonly offset: number;
  readonly line: Uint8Array;
  readonly reason: string;
}

type Optional = 'columns' | 'deadlines';

/**
 * Moves a log into a table, each record exactly once.
 *
 * A batch is a range of offsets. The range is recorded as an intent before its
 * rows are inserted under a token that names the range; only then is the offset
 * moved on. After a crash the intents are read back and the same bytes are
 * inserted under the same tokens, of which the store keeps one.
 */
export class Loader {
  readonly #options: Required<Omit<LoaderOptions, Optional>> & Pick<LoaderOptions, Optional>;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff(100, 5_000);
  readonly #saves = new Turns();
  readonly #gate = new InsertGate();
  readonly #waiting = new Set<() => void>();
  #running: Promise<void> | undefined;
  #progress: LoadProgress = { committed: 0, intents: [] };
  #behindSinceMs: number | null = null;
  #insertBeganMs = Number.NEGATIVE_INFINITY;
  /** One past the newest record that was inserted well. */
  #inserted = 0;
  /** A range failed, of which a part may have landed, and was not ended well yet. */
  #torn = false;
  #failing: unknown = null;
  #failures = 0;

  constructor(options: LoaderOptions) {
    this.#options = {
      rowsMax: 200_000,
      bytesMax: 64 * 1024 * 1024,
      lingerMs: 400,
      rowsEnough: 20_000,
      rowsEnoughBeside: 100_000,
      reach: survive,
      ...options,
    };
  }

  /** One past the newest record that can be queried. */
  get committed(): number {
    return this.#progress.committed;
  }

  /** How long the oldest record that cannot be queried yet has waited, at most. */
  get lagMs(): number {
    return this.#behindSinceMs === null ? 0 : this.#options.clock.now() - this.#behindSinceMs;
  }

  /** Why the batch under way does not get into the store; null when all is well. */
  get failing(): unknown {
    return this.#failing;
  }

  /**
   * Reads how far it is: what had been begun before a crash is inserted first.
   *
   * @throws MillraceError `log_corrupt` if the log lacks what the store already has.
   */
  async resume(): Promise<void> {
    this.#progress = await this.#options.progress.read();
    const { log, topic } = this.#options;
    if (this.#progress.committed > log.end) {
      throw new MillraceError(
        'log_corrupt',
        `The log of ${topic} ends at ${log.end}, before offset ${this.#progress.committed} which the store already has.`,
      );
    }
    this.#inserted = this.committed;
  }

  /**
   * The same, and inserts what had been begun: after it the store holds exactly
   * what is committed.
   */
  async recover(): Promise<void> {
    await this.resume();
    while (this.#progress.intents.length > 0) await this.#tellFailure(() => this.#loadOldest());
  }

  /** Begins to load. `resume` or `recover` comes first. */
  start(): void {
    this.#running = this.#run();
  }

  /** Resolves once everything below `offset` can be queried, or the signal aborts. */
  async settled(offset: number, signal?: AbortSignal): Promise<void> {
    while (this.committed < offset && !signal?.aborted) await this.#nextStep(signal);
  }

  /** Resolves once all of the log can be queried, or when the store fails so many times on end meanwhile. */
  async drained(failuresMax = 3): Promise<void> {
    const giveUpAt = this.#failures + failuresMax;
    // What a sender did not wait for may still come.
    while (this.committed < this.#options.log.end && this.#failures < giveUpAt)
      await this.#nextStep();
  }

  /** Does the work while no insert is under way; those that are due wait for it. */
  between(work: () => Promise<void>): Promise<void> {
    return this.#gate.shut(work);
  }

  /**
   * Does the work while the store and its rollups have exactly what lies below
   * an offset, which it is told. Waits while an insert that failed may be half there.
   *
   * @throws what fails, if it goes on failing; the signal's reason.
   */
  async atRest<Result>(
    work: (stored: number) => Promise<Result>,
    signal: AbortSignal,
    failuresMax = 3,
  ): Promise<Result> {
    for (;;) {
      const giveUpAt = this.#failures + failuresMax;
      while (this.#torn && this.#failures < giveUpAt && !signal.aborted) {
        await this.#nextStep(signal);
      }
      signal.throwIfAborted();
      if (this.#torn) throw this.#failing;
      const done = await this.#gate.shut(async () =>
        this.#torn ? null : { result: await work(this.#inserted) },
      );
      if (done) return done.result;
    }
  }

  /**
   * Does the work while the store has exactly what lies below an offset, which it
   * is told, and nothing below it will be inserted again, not after a crash either:
   * a table that is new then gets all that follows, and nothing else.
   *
   * @throws the signal's reason.
   */
  async atCut<Result>(
    work: (cut: number) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    for (;;) {
      const done = await this.#gate.shut(async () => {
        // What has landed is committed by whoever inserted it, which needs no gate; to repeat what failed does.
        while (this.#isCommitting() && this.#failing === null && !signal.aborted) {
          await this.#nextStep(signal);
        }
        const isCut = this.committed >= this.#inserted && !this.#torn;
        return isCut ? { result: await work(this.committed) } : null;
      });
      if (done) return done.result;
      if (this.#torn || this.#failing !== null) await this.#nextStep(signal);
      signal.throwIfAborted();
    }
  }

  /** What has landed will be committed, by whoever inserted it. */
  #isCommitting(): boolean {
    return this.committed < this.#inserted && !this.#torn;
  }

  /** Stops after the insert under way, if any. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#tellFailure(() =>
        this.#progress.intents.length > 0 ? this.#loadOldest() : this.#loadOn(signal),
      );
    }
  }

  async #tellFailure(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failing = error;
      this.#failures += 1;
      this.#wake();
      const nowhere = { from: this.committed, to: this.committed };
      this.#options.onRetry(error, this.#progress.intents[0] ?? nowhere);
      await this.#backoff.wait(this.#stopping.signal);
    }
  }

  /** The oldest range that was begun and did not end well, alone. */
  async #loadOldest(): Promise<void> {
    const [intent] = this.#progress.intents;
    if (intent === undefined) return;
    const batch = await this.#readAgain(intent);
    try {
      await this.#insert(batch, intent);
    } catch (error) {
      if (!(error instanceof StoreError) || error.retry === 'same') throw error;
      if (error.retry === 'late') {
        await this.#extend(batch, intent);
        throw error;
      }
      await this.#split(batch, error);
      return;
    }
    await this.#commit(batch);
  }

  async #readAgain({ from, to }: LogRange): Promise<LogBatch> {
    const { log, topic } = this.#options;
    const limits = { rowsMax: to - from, bytesMax: Number.MAX_SAFE_INTEGER, until: to };
    const batch = await new ReadAhead(log, from, limits).take();
    if (batch.to === to) return batch;
    throw new MillraceError(
      'log_corrupt',
      `The log of ${topic} ends at ${batch.to}, and the store may have some of ${from} to ${to} already.`,
    );
  }

  /**
   * Range after range, each begun while the one before it may still be under
   * way, and committed after it. Ends with the first failure, when none is under
   * way any more: what is not committed then is left to `#loadOldest`.
   */
  async #loadOn(signal: AbortSignal): Promise<void> {
    const { log, rowsMax, bytesMax } = this.#options;
    const failed = new AbortController();
    const over = AbortSignal.any([signal, failed.signal]);
    const ahead = new ReadAhead(log, this.committed, { rowsMax, bytesMax });
    let before = Promise.resolve();
    let newest = Promise.resolve();
    try {
      for (;;) {
        await ahead.during(this.#nextIsDue(ahead, before, newest, over));
        if (over.aborted) break;
        const batch = await ahead.take();
        const intent = await this.#intend(batch);
        before = newest;
        newest = this.#commitAfter(before, batch, this.#insert(batch, intent));
        newest.catch(() => {
          // The next may wait for a gate that is shut until somebody knows.
          this.#torn = true;
          this.#wake();
          failed.abort();
        });
      }
    } finally {
      await Promise.allSettled([newest]);
    }
    await newest;
  }

  /** Resolves once a range should be begun: at most one is under way then. */
  async #nextIsDue(
    ahead: ReadAhead,
    before: Promise<void>,
    newest: Promise<void>,
    over: AbortSignal,
  ): Promise<void> {
    const { log, lingerMs, rowsEnough, rowsEnoughBeside, clock } = this.#options;
    await Promise.allSettled([before]);
    if (log.end <= ahead.taken) {
      const idle = this.committed === ahead.taken;
      await log.waitPast(ahead.taken, over);
      if (idle) this.#behindSinceMs = clock.now();
    }
    const sinceLastMs = performance.now() - this.#insertBeganMs;
    if (log.end - ahead.taken < rowsEnough && sinceLastMs < lingerMs) {
      await pause(lingerMs - sinceLastMs, over);
    }
    if (this.committed < ahead.taken) {
      const enough = new AbortController();
      await Promise.race([
        Promise.allSettled([newest]),
        withFirstOf([over, enough.signal], (first) =>
          log.waitPast(ahead.taken + rowsEnoughBeside - 1, first),
        ),
      ]);
      enough.abort();
    }
  }

  async #insert(batch: LogBatch, intent: LoadIntent): Promise<void> {
    const { store, table, columns, topic, partition, reach } = this.#options;
    // The end of a transaction has an offset, and no record; a heartbeat has no row.
    if (batch.rows === 0) return;
    return this.#gate.pass(() => {
      this.#insertBeganMs = performance.now();
      const { deadline } = intent;
      const inserting = store.insert({
        table,
        lines: batch.lines,
        place: { partition, offset: batch.from, gaps: batch.gaps },
        rows: batch.rows,
        token: tokenOf(topic, partition, intent),
        ...(columns ? { columns } : {}),
        ...(deadline ? { deadlineMs: deadline.atMs, onlyMissing: deadline.onlyMissing } : {}),
      });
      reach('load-inserting');
      return inserting.then(
        () => {
          this.#inserted = Math.max(this.#inserted, batch.to);
          reach('load-inserted');
        },
        (error: unknown) => {
          this.#torn = true;
          throw error;
        },
      );
    });
  }

  async #commitAfter(
    before: Promise<void>,
    batch: LogBatch,
    inserting: Promise<void>,
  ): Promise<void> {
    const ended = await Promise.allSettled([before, inserting]);
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
    await this.#commit(batch);
  }

  /**
   * Halves a range that will never pass whole, down to the row that is to blame.
   * The halves are recorded before either is tried, so that a crash between
   * them cannot bring the whole range back.
   */
  async #split(batch: LogBatch, error: StoreError): Promise<void> {
    // Tokens of halves are new: had a part of the whole landed, they would add it again.
    if (await this.#anyStored(batch)) throw error;
    if (batch.rows === 1) {
      const offset = batch.from + (batch.gaps[0]?.offsets ?? 0);
      await this.#options.refuse({ offset, line: batch.lines, reason: error.message });
      await this.#commit(batch);
      return;
    }
    const middle = Math.floor((batch.from + batch.to) / 2);
    const deadline = await this.#firstDeadline();
    await this.#save(({ intents }) => ({
      committed: batch.from,
      intents: [
        { from: batch.from, to: middle, ...deadline },
        { from: middle, to: batch.to, ...deadline },
        ...intents.slice(1),
      ],
    }));
  }

  async #anyStored(batch: LogBatch): Promise<boolean> {
    const { store, table, partition } = this.#options;
    const { bytes } = await store.read(
      `SELECT count() FROM ${table} WHERE _partition = {partition:UInt32} AND _offset >= {from:UInt64} AND _offset < {to:UInt64}`,
      { format: 'TSV', params: { partition, from: batch.from, to: batch.to } },
    );
    return Buffer.from(bytes).toString().trim() !== '0';
  }

  async #intend({ from, to, rows }: LogBatch): Promise<LoadIntent> {
    // A quiet log goes on by records that are passed over, of which the store need not know.
    const intent = { from, to, ...(rows === 0 ? {} : await this.#firstDeadline()) };
    await this.#save(({ committed, intents }) => ({ committed, intents: [...intents, intent] }));
    this.#options.reach('load-intended');
    return intent;
  }

  async #firstDeadline(): Promise<{ readonly deadline?: InsertDeadline }> {
    const { deadlines } = this.#options;
    return deadlines === undefined ? {} : { deadline: await deadlines.first() };
  }

  /** Gives a range that came too late another deadline, unless all of it is there. */
  async #extend(batch: LogBatch, intent: LoadIntent): Promise<void> {
    const { deadlines, topic, partition } = this.#options;
    if (deadlines === undefined || intent.deadline === undefined) return;
    const token = tokenOf(topic, partition, intent);
    const deadline = await deadlines.next(intent.deadline, { ...batch, partition, token });
    if (deadline === null) return this.#commit(batch);
    await this.#save(({ committed, intents }) => ({
      committed,
      intents: [{ from: batch.from, to: batch.to, deadline }, ...intents.slice(1)],
    }));
  }

  async #commit(batch: LogBatch): Promise<void> {
    await this.#save(({ intents }) => ({ committed: batch.to, intents: intents.slice(1) }));
    this.#behindSinceMs = this.#options.log.end > batch.to ? batch.appendedAt : null;
    this.#wake();
  }

  /** Resolves when a range is committed or failed, or the signal aborts. */
  #nextStep(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #save(change: (progress: LoadProgress) => LoadProgress): Promise<void> {
    return this.#saves.take(async () => {
      const progress = change(this.#progress);
      await this.#options.progress.save(progress);
      this.#progress = progress;
      if (progress.intents.length === 0) this.#torn = false;
      this.#failing = null;
      this.#failures = 0;
      this.#backoff.reset();
    });
  }
}

/** What is inserted of a range alone has a token of its own: views would take it for the whole. */
const tokenOf = (topic: string, partition: number, { from, to, deadline }: LoadIntent): string =>
  `${topic}/${partition}/${from}-${to}${deadline?.onlyMissing ? '/missing' : ''}`;

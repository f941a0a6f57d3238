import { InsertDeadlines } from '../../packages/millrace/src/load/insert-deadlines.ts';
import { Loader } from '../../packages/millrace/src/load/loader.ts';
import type { LogReader, LogSlice, SliceLimits } from '../../packages/millrace/src/ports/log.ts';
import type { LoadProgress, ProgressKeeper } from '../../packages/millrace/src/ports/progress.ts';
import {
  type InsertBatch,
  type Store,
  StoreError,
} from '../../packages/millrace/src/ports/store.ts';
import type { Step, Steppable } from './explore.ts';
import { ModelBroker } from './model-broker.ts';
import { ModelStore, poison, type RunningInsert } from './model-store.ts';

/** What may go wrong, and how often at most. */
export interface Faults {
  /** A loader dies; what it asked for may still happen. */
  readonly crashes?: number;
  /** The partition goes to another loader while the one that had it goes on. */
  readonly takeovers?: number;
  /** An answer is lost, or what was asked for fails, in any part of it. */
  readonly failures?: number;
  /** Time passes, for longer than a deadline; others insert meanwhile, or do not. */
  readonly pauses?: number;
}

/** How the code or the world may be broken, to see that it is found. */
export type Breach =
  | 'commits are not fenced'
  | 'inserts are answered before they land'
  | 'intents are not kept'
  | 'progress is read by who lost the partition'
  | 'each try has its own token'
  | 'the store knows no deadlines'
  | 'deadlines are not moved on'
  | 'tokens are taken to be remembered for ever'
  | 'what is there is inserted again';

export interface LoaderWorldOptions {
  /** A letter a record: the partition of the table it is in, or `!`: the store never takes it. */
  readonly records: string;
  /** How many of them are there only later. Default: none. */
  readonly arriving?: number;
  readonly rowsMax: number;
  readonly faults: Faults;
  readonly breach?: Breach;
}

/** One request of a loader, on its way or under way. */
interface Request {
  readonly steps: () => readonly Step[];
  /** What still happens of it when nobody waits for it any more. */
  readonly alone: () => readonly Step[];
}

interface Process {
  readonly name: string;
  readonly generation: number;
  readonly requests: Map<string, Request>;
  /** Its progress, and what it was told since then. */
  known: unknown;
  readonly answers: Map<string, string>;
  /** What it read of the log last. */
  read: string;
  isAlive: boolean;
}

const partsRemembered = 8;
const deadlineMs = 2;
/** Longer than any deadline. */
const pauseMs = 3;

/**
 * Loaders as they are, one after another or at once, over one partition of a
 * log, with a model of the store and of the group's progress. Whatever a loader
 * asks of them is a step, and so is each part of an insert.
 */
export class LoaderWorld implements Steppable {
  readonly #options: LoaderWorldOptions;
  readonly #broker: ModelBroker;
  readonly #store: ModelStore;
  readonly #log: ModelLog;
  readonly #processes: Process[] = [];
  readonly #loaders: Loader[] = [];
  readonly #letters = new Set<number>();
  /** Rows of which a loader said that the view may lack them. */
  readonly #doubted = new Set<number>();
  readonly #left: Record<keyof Faults, number>;
  #tries = 0;
  #broken: unknown = null;

  constructor(options: LoaderWorldOptions) {
    this.#options = options;
    const { breach, faults, records, arriving = 0 } = options;
    this.#log = new ModelLog(records, records.length - arriving);
    this.#left = { crashes: 0, takeovers: 0, failures: 0, pauses: 0, ...faults };
    this.#broker = new ModelBroker({ isFenced: breach !== 'commits are not fenced' });
    this.#store = new ModelStore({
      partsRemembered,
      knowsDeadlines: breach !== 'the store knows no deadlines',
    });
    this.#start();
  }

  get isDone(): boolean {
    const { committed, intents } = this.#broker.progress;
    return committed === this.#options.records.length && intents.length === 0 && this.#allStored;
  }

  get #allStored(): boolean {
    return [...this.#options.records].every((record, offset) =>
      record === '!' ? this.#letters.has(offset) : this.#store.events.has(offset),
    );
  }

  get steps(): readonly Step[] {
    const owner = this.#processes.at(-1);
    return [
      ...this.#processes.flatMap((process) => this.#stepsOf(process)),
      ...(this.#log.end < this.#options.records.length
        ? [step('a record arrives', () => this.#log.grow())]
        : []),
      ...(owner?.isAlive ? [] : [step('another loader starts', () => this.#start())]),
      ...this.#fault('takeovers', 'another loader takes over', () => this.#start()),
      ...(this.#mayPause
        ? [
            ...this.#fault('pauses', 'time passes', () => this.#store.pass(pauseMs, 0)),
            ...this.#fault('pauses', 'time passes, and others insert', () =>
              this.#store.pass(pauseMs, partsRemembered / 2),
            ),
          ]
        : []),
    ];
  }

  /** What landed slower than the tokens of others are forgotten could land twice. */
  get #mayPause(): boolean {
    return [...this.#store.running].every(({ beganMs }) => beganMs === this.#store.nowMs);
  }

  /** Signals that depend on others are kept by Node while somebody listens, and with them their loader. */
  leave(): void {
    for (const loader of this.#loaders) void loader.stop();
  }

  check(): void {
    if (this.#broken !== null) throw this.#broken;
    const { events, rollup } = this.#store;
    for (const [offset, times] of events) {
      if (times > 1) throw new Error(`${offset} is ${times} times in the table.`);
    }
    for (const [offset, times] of rollup) {
      if (times > 1) throw new Error(`${offset} is ${times} times in the rollup.`);
    }
    for (let offset = 0; offset < this.#broker.progress.committed; offset += 1) {
      const isKept = this.#letters.has(offset) || events.has(offset);
      if (!isKept) throw new Error(`${offset} is committed, and not in the store.`);
      const isCounted = this.#letters.has(offset) || rollup.has(offset);
      if (!isCounted && !this.#doubted.has(offset))
        throw new Error(`${offset} is committed, and not in the rollup, and nobody said so.`);
    }
    for (const offset of this.#letters) {
      if (this.#options.records[offset] !== '!') throw new Error(`${offset} is a dead letter.`);
    }
  }

  get key(): string {
    const { progress, generation } = this.#broker;
    return JSON.stringify([
      progress,
      generation,
      this.#log.end,
      this.#store.key,
      [...this.#letters].sort(),
      [...this.#doubted].sort(),
      this.#left,
      this.#processes.map(({ isAlive, known, read, answers, requests }) => [
        isAlive,
        known,
        read,
        [...answers].sort(),
        [...requests.keys()].sort(),
      ]),
    ]);
  }

  #stepsOf({ name, isAlive, requests }: Process): readonly Step[] {
    const inOrder = [...requests].sort(([a], [b]) => (a < b ? -1 : 1));
    const steps = inOrder.flatMap(([, { steps, alone }]) => (isAlive ? steps() : alone()));
    const process = this.#processes.find((each) => each.name === name);
    return isAlive && process !== undefined
      ? [...steps, ...this.#fault('crashes', `${name} dies`, () => this.#die(process))]
      : steps;
  }

  #fault(kind: keyof Faults, name: string, take: () => void): readonly Step[] {
    if (this.#left[kind] === 0) return [];
    return [
      {
        name,
        isFault: true,
        take: () => {
          this.#left[kind] -= 1;
          take();
        },
      },
    ];
  }

  #die(process: Process): void {
    process.isAlive = false;
    process.known = null;
    process.read = '';
    process.answers.clear();
    for (const [id, { alone }] of process.requests) {
      if (alone().length === 0) process.requests.delete(id);
    }
  }

  #start(): void {
    this.#broker.generation += 1;
    const process: Process = {
      name: `loader ${this.#processes.length + 1}`,
      generation: this.#broker.generation,
      requests: new Map(),
      known: null,
      answers: new Map(),
      read: '',
      isAlive: true,
    };
    this.#processes.push(process);
    const store = this.#storeOf(process);
    const loader = new Loader({
      log: this.#logOf(process),
      store,
      progress: this.#progressOf(process),
      deadlines: this.#deadlinesOf(store),
      clock: { now: () => 0 },
      table: 'events',
      topic: 'clean',
      partition: 0,
      rowsMax: this.#options.rowsMax,
      rowsEnough: 1,
      rowsEnoughBeside: 1,
      lingerMs: 0,
      refuse: ({ offset }) =>
        this.#ask(process, `keep ${offset}`, () => {
          this.#letters.add(offset);
        }),
      onRetry: () => {},
    });
    this.#loaders.push(loader);
    const begin = async (): Promise<void> => {
      await loader.resume();
      loader.start();
    };
    begin().catch((error: unknown) => {
      this.#broken = error;
    });
  }

  #logOf(process: Process): LogReader {
    const log = this.#log;
    return {
      start: 0,
      get end() {
        return log.end;
      },
      waitPast: (offset, signal) => log.waitPast(offset, signal),
      read: async (from, limits) => {
        const slice = await log.read(from, limits);
        process.read = `${slice.from}-${slice.to}`;
        return slice;
      },
    };
  }

  #deadlinesOf(store: Store): InsertDeadlines {
    const { breach } = this.#options;
    const isForEver = breach === 'tokens are taken to be remembered for ever';
    const deadlines = new InsertDeadlines({
      store,
      table: 'events',
      partsRemembered: isForEver ? Number.POSITIVE_INFINITY : partsRemembered,
      insertMs: deadlineMs,
      onDoubt: ({ from, to }) => {
        for (let offset = from; offset < to; offset += 1) this.#doubted.add(offset);
      },
    });
    if (breach === 'deadlines are not moved on') deadlines.next = async (passed) => passed;
    return deadlines;
  }

  /** A request that is done at once, and answered; or not done, or not answered. */
  #ask<Answer>(process: Process, what: string, work: () => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const settle = (how: string, end: () => void): void => {
        process.requests.delete(what);
        process.answers.set(what, how);
        end();
      };
      const attempt = (): void => {
        try {
          const answer = work();
          settle('done', () => resolve(answer));
        } catch (error) {
          settle('refused', () => reject(error));
        }
      };
      const loseAnswer = (): void => {
        try {
          work();
        } catch {
          // Nobody hears of it.
        }
        settle('lost', () => reject(away()));
      };
      const name = `${process.name}: ${what}`;
      const isChange = !what.startsWith('ask') && !what.startsWith('read');
      process.requests.set(what, {
        steps: () => [
          step(name, attempt),
          ...this.#fault('failures', `${name}, which fails`, () =>
            settle('failed', () => reject(away())),
          ),
          ...(isChange ? this.#fault('failures', `${name}, whose answer is lost`, loseAnswer) : []),
        ],
        alone: () => (isChange ? [step(`${name}, alone`, loseAnswer)] : []),
      });
    });
  }

  #progressOf(process: Process): ProgressKeeper {
    const { breach } = this.#options;
    const knows = (progress: LoadProgress): void => {
      process.known = progress;
      process.answers.clear();
    };
    const save = (progress: LoadProgress): Promise<void> =>
      this.#ask(process, `save ${JSON.stringify(progress)}`, () =>
        this.#broker.commit(progress, process.generation),
      );
    return {
      read: async () => {
        for (;;) {
          try {
            const progress = await this.#ask(process, 'read', () => this.#broker.progress);
            // As `groupProgress` does.
            if (breach !== 'progress is read by who lost the partition') await save(progress);
            knows(progress);
            return breach === 'intents are not kept' ? { ...progress, intents: [] } : progress;
          } catch {
            // As `OwnedPartition`, which begins anew.
          }
        }
      },
      save: async (progress) => {
        await save(progress);
        knows(progress);
      },
    };
  }

  #storeOf(process: Process): Store {
    const { breach } = this.#options;
    const never = (): never => {
      throw new Error('The loader does not ask this.');
    };
    return {
      define: never,
      insertComputed: never,
      stream: never,
      readGiven: never,
      close: never,
      read: async (sql, options) => {
        const what = `ask ${sql.slice(0, 40)} ${JSON.stringify(options?.params)}`;
        const answer = await this.#ask(process, what, () => this.#store.answer(sql, options));
        return { bytes: Buffer.from(answer), rowsRead: 0, bytesRead: 0, elapsedMs: 0 };
      },
      insert: (batch) => {
        this.#tries += 1;
        if (breach === 'each try has its own token')
          return this.#insert(process, { ...batch, token: `${batch.token} ${this.#tries}` });
        if (breach === 'what is there is inserted again')
          return this.#insert(process, { ...batch, onlyMissing: false });
        return this.#insert(process, batch);
      },
    };
  }

  #insert(process: Process, batch: InsertBatch): Promise<void> {
    const { breach } = this.#options;
    const what = `insert ${batch.token} until ${batch.deadlineMs} ${batch.onlyMissing}`;
    return new Promise((resolve, reject) => {
      let id = what;
      let running: RunningInsert | null = null;
      const end = (how: string, settle: () => void): void => {
        process.requests.delete(id);
        if (running !== null) this.#store.end(running);
        process.answers.set(what, how);
        settle();
      };
      /** In the state's key it says how far it is. */
      const isAt = (where: string): void => {
        process.requests.delete(id);
        id = `${what} ${where}`;
        process.requests.set(id, request);
      };
      const begin = (): void => {
        try {
          running = this.#store.begin(batch);
          isAt(`${running.landings.length} to land since ${running.beganMs}`);
          if (breach === 'inserts are answered before they land') resolve();
        } catch (error) {
          if (!(error instanceof StoreError)) this.#broken = error;
          end('refused', () => reject(error));
        }
      };
      const land = (its: RunningInsert, isHeard = process.isAlive): void => {
        this.#store.land(its);
        if (its.landings.length > 0) isAt(`${its.landings.length} to land since ${its.beganMs}`);
        else if (isHeard) end('done', resolve);
        else end('lost', () => reject(away()));
      };
      const name = `${process.name}: ${what}`;
      const onwards = (): readonly Step[] => {
        const its = running;
        return its === null
          ? [step(`${name} begins`, begin)]
          : [step(`${name} lands ${its.landings.length}`, () => land(its))];
      };
      const faults = (): readonly Step[] => {
        const its = running;
        const isLast = its?.landings.length === 1;
        return [
          ...this.#fault('failures', `${name} fails`, () => end('failed', () => reject(away()))),
          ...(isLast
            ? this.#fault('failures', `${name} lands, and its answer is lost`, () =>
                land(its, false),
              )
            : []),
        ];
      };
      const request: Request = { steps: () => [...onwards(), ...faults()], alone: onwards };
      process.requests.set(id, request);
    });
  }
}

const step = (name: string, take: () => void): Step => ({ name, isFault: false, take });

const away = (): StoreError => new StoreError(210, 'The connection broke.', 'same');

/** Each record a line. */
class ModelLog {
  #end: number;
  readonly #lines: readonly string[];
  readonly #waiting = new Set<() => void>();

  constructor(records: string, end: number) {
    this.#lines = [...records].map((r, n) => `${r === '!' ? `a ${poison}` : r} ${n}\n`);
    this.#end = end;
  }

  get end(): number {
    return this.#end;
  }

  grow(): void {
    this.#end += 1;
    for (const wake of this.#waiting) wake();
  }

  async read(from: number, { rowsMax }: SliceLimits): Promise<LogSlice> {
    const to = Math.min(this.#end, from + Math.max(1, rowsMax));
    const lines = Buffer.from(this.#lines.slice(from, to).join(''));
    return { from, to, lines, appendedAt: 0 };
  }

  async waitPast(offset: number, signal: AbortSignal): Promise<void> {
    while (this.#end <= offset && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  }
}

import type { Random } from '../../../../tests/support/random.ts';
import type { Offsets } from '../ports/log-offsets.ts';
import type { Step } from './completeness.ts';

const noTransaction = -1;

type Entry =
  | { readonly id: number; readonly transaction: number }
  | { readonly ends: number }
  /** All that was acknowledged before this moment lies before it, as it says. */
  | { readonly heartbeatMs: number };

class Partition {
  readonly entries: Entry[] = [];
  readonly #committed = new Set([noTransaction]);
  /** Transactions with a record here and no end. */
  readonly #open = new Map<number, number>();

  get length(): number {
    return this.entries.length;
  }

  /** Up to the first record of a transaction that is open. */
  get stableEnd(): number {
    return Math.min(this.length, ...this.#open.values());
  }

  append(id: number, transaction = noTransaction): void {
    if (transaction !== noTransaction && !this.#open.has(transaction)) {
      this.#open.set(transaction, this.length);
    }
    this.entries.push({ id, transaction });
  }

  /** A marker, where the transaction wrote anything. */
  end(transaction: number, how: 'committed' | 'aborted'): void {
    if (!this.#open.delete(transaction)) return;
    if (how === 'committed') this.#committed.add(transaction);
    this.entries.push({ ends: transaction });
  }

  beat(heartbeatMs: number): void {
    this.entries.push({ heartbeatMs });
  }

  /** What readers find before a heartbeat, once all transactions have ended. */
  idsBefore(heartbeatMs: number): readonly number[] {
    const at = this.entries.findIndex(
      (entry) => 'heartbeatMs' in entry && entry.heartbeatMs === heartbeatMs,
    );
    return this.committedIds(0, at);
  }

  committedIds(from: number, to: number): readonly number[] {
    return this.entries
      .slice(from, to)
      .flatMap((entry) =>
        'id' in entry && this.#committed.has(entry.transaction) ? [entry.id] : [],
      );
  }
}

/** A transaction of a job, and how far it had read when it was cut. */
interface Transaction {
  readonly number: number;
  readonly read: readonly number[];
}

/** Something that a job keeps in its state until its time has come. */
interface Held {
  readonly id: number;
  readonly dueMs: number;
}

interface JobOptions {
  readonly random: Random;
  readonly holdsMs: number;
  readonly now: () => number;
}

/**
 * Logs as Kafka keeps them, jobs between them as Flink runs them, and a loader
 * behind the last: nothing happens by itself, everything in an order of the
 * random numbers.
 */
export class ModelPipeline {
  readonly steps: readonly Step[];
  /** Each event in the table, by its number. */
  readonly stored = new Set<number>();
  readonly acknowledgedMs: number[] = [];
  readonly #random: Random;
  readonly #logs: readonly Partition[][];
  readonly #committed: number[][];
  readonly #jobs: readonly Job[];
  readonly #eventsShare: number;
  #nowMs = 1_000;

  /** @param holdsMs of each job, how long it keeps things in its state; 0 for not at all. */
  constructor(random: Random, holdsMs: readonly number[]) {
    this.#random = random;
    this.#eventsShare = random.pick([0.02, 0.1, 0.3]);
    const partitions = Array.from({ length: holdsMs.length + 1 }, () => random.between(1, 3));
    this.#logs = partitions.map((count) => Array.from({ length: count }, () => new Partition()));
    this.#committed = partitions.map((count) => Array.from({ length: count }, () => 0));
    this.steps = partitions.map((_, at) => ({
      log: `log${at}`,
      group: `group${at}`,
      ...(holdsMs[at] ? { holdsMs: holdsMs[at] } : {}),
    }));
    this.#jobs = holdsMs.map(
      (ms, at) =>
        new Job(
          { random, holdsMs: ms, now: () => this.#nowMs },
          this.#log(at),
          this.#log(at + 1),
          this.#committedIn(at),
        ),
    );
  }

  now(): number {
    this.#nowMs += 1;
    return this.#nowMs;
  }

  /** One thing that may happen next. */
  happen(quiet = false): void {
    // Now and then all stand still for a while.
    if (this.#random.chance(0.01)) this.#nowMs += this.#random.between(1, 100);
    const what = this.#random.next();
    if (!quiet && what < this.#eventsShare) this.#acknowledge();
    else if (what < 0.5) this.#load();
    else this.#random.pick(this.#jobs).happen(quiet);
  }

  ends(log: string): Offsets {
    return this.#log(this.steps.findIndex((step) => step.log === log)).map(({ length }) => length);
  }

  committed({ group }: Step): Offsets {
    return [...this.#committedIn(this.steps.findIndex((step) => step.group === group))];
  }

  /** Written into each partition of the second log. */
  beat(heartbeatMs: number): void {
    for (const partition of this.#log(1)) partition.beat(heartbeatMs);
  }

  /** Events that were acknowledged before what a heartbeat says and that no reader finds before it. */
  behindHeartbeats(): readonly number[] {
    const log = this.#log(1);
    const moments = (log[0]?.entries ?? []).flatMap((entry) =>
      'heartbeatMs' in entry ? [entry.heartbeatMs] : [],
    );
    return moments.flatMap((ms) => {
      const before = new Set(log.flatMap((partition) => partition.idsBefore(ms)));
      return this.acknowledgedMs.flatMap((atMs, id) => (atMs < ms && !before.has(id) ? [id] : []));
    });
  }

  #acknowledge(): void {
    const id = this.acknowledgedMs.length;
    this.#random.pick(this.#log(0)).append(id);
    this.acknowledgedMs.push(this.now());
  }

  /** Stores before it commits, which it may do much later. */
  #load(): void {
    const last = this.#logs.length - 1;
    const [at, partition] = this.#random.pick([...this.#log(last).entries()]);
    const from = this.#committedIn(last)[at] ?? 0;
    const to = this.#random.between(from, partition.stableEnd);
    for (const id of partition.committedIds(from, to)) this.stored.add(id);
    if (this.#random.chance(0.7)) this.#committedIn(last)[at] = to;
  }

  #log(at: number): Partition[] {
    return this.#logs[at] ?? [];
  }

  #committedIn(at: number): number[] {
    return this.#committed[at] ?? [];
  }
}

/** Reads committed records of one log and writes them to the next in transactions, one a checkpoint. */
class Job {
  readonly #random: Random;
  readonly #holdsMs: number;
  readonly #now: () => number;
  readonly #from: Partition[];
  readonly #to: Partition[];
  /** Of its group: what it tells Kafka once a checkpoint is complete. */
  readonly #told: number[];
  #read: number[];
  #open = 0;
  #count = 1;
  /** Complete checkpoints whose transactions have no end yet. */
  #complete: Transaction[] = [];
  #held: readonly Held[] = [];
  /** Its state at the last complete checkpoint. */
  #restored: { readonly read: readonly number[]; readonly held: readonly Held[] };

  constructor(
    { random, holdsMs, now }: JobOptions,
    from: Partition[],
    to: Partition[],
    told: number[],
  ) {
    this.#random = random;
    this.#holdsMs = holdsMs;
    this.#now = now;
    this.#from = from;
    this.#to = to;
    this.#told = told;
    this.#read = from.map(() => 0);
    this.#restored = { read: [...this.#read], held: [] };
  }

  happen(quiet: boolean): void {
    const what = this.#random.next();
    if (what < 0.5) this.#pass();
    else if (what < 0.7) this.#checkpoint();
    else if (what < 0.95) this.#commit();
    else if (!quiet) this.#crash();
  }

  #pass(): void {
    const [at, partition] = this.#random.pick([...this.#from.entries()]);
    const from = this.#read[at] ?? 0;
    const to = this.#random.between(from, partition.stableEnd);
    const dueMs = this.#now() + this.#random.between(0, this.#holdsMs);
    const ids = partition.committedIds(from, to);
    this.#held = [...this.#held, ...ids.map((id) => ({ id, dueMs }))];
    this.#read[at] = to;
    this.#write();
  }

  /** What is due. */
  #write(): void {
    const isDue = ({ dueMs }: Held): boolean => dueMs <= this.#now();
    for (const { id } of this.#held.filter(isDue)) {
      this.#random.pick(this.#to).append(id, this.#open);
    }
    this.#held = this.#held.filter((held) => !isDue(held));
  }

  /** From then on the transaction will be committed, whatever crashes. */
  #checkpoint(): void {
    if (this.#complete.length > 1) return;
    this.#write();
    this.#complete.push({ number: this.#open, read: [...this.#read] });
    this.#restored = { read: [...this.#read], held: this.#held };
    this.#begin();
  }

  /** The group's offsets and the transaction's end come in either order, and late. */
  #commit(): void {
    const [oldest] = this.#complete;
    if (oldest === undefined) return;
    oldest.read.forEach((offset, at) => {
      if (this.#random.chance(0.5)) this.#told[at] = Math.max(this.#told[at] ?? 0, offset);
    });
    if (this.#random.chance(0.5)) return;
    this.#complete.shift();
    oldest.read.forEach((offset, at) => {
      this.#told[at] = Math.max(this.#told[at] ?? 0, offset);
    });
    for (const partition of this.#to) partition.end(oldest.number, 'committed');
  }

  /** What no checkpoint covers is aborted, and read again. */
  #crash(): void {
    for (const partition of this.#to) partition.end(this.#open, 'aborted');
    this.#read = [...this.#restored.read];
    this.#held = this.#restored.held;
    this.#begin();
  }

  #begin(): void {
    this.#open = this.#count;
    this.#count += 1;
  }
}

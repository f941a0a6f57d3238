import { Backoff } from '../../load/backoff.ts';
import { aborted } from './aborted.ts';

/** What works on a partition: a loader, an archiver, a gate. */
export interface PartitionWorker {
  /** Why nothing gets on; null when all is well. */
  readonly failing: unknown;
  start(): void;
  /** Ends after what is under way. */
  stop(): Promise<void>;
}

export interface OwnedPartitionOptions {
  readonly topic: string;
  readonly partition: number;
  /** What it is not while the work fails, e.g. `loaded`. */
  readonly done: string;
  /** Opens what a worker needs, has it run for as long as the partition is ours, and closes all of it. */
  readonly work: (run: (worker: PartitionWorker) => Promise<void>) => Promise<void>;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** Works on one partition of a topic for as long as it is ours, whoever is away meanwhile. */
export class OwnedPartition {
  readonly #options: OwnedPartitionOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #worker: PartitionWorker | undefined;

  constructor(options: OwnedPartitionOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  get topic(): string {
    return this.#options.topic;
  }

  get partition(): number {
    return this.#options.partition;
  }

  /** Why nothing gets on; null when all is well. */
  get failing(): unknown {
    return this.#worker === undefined ? 'not begun' : this.#worker.failing;
  }

  /** Ends after what is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { topic, partition, done, work, onProblem } = this.#options;
    const { signal } = this.#stopping;
    const backoff = new Backoff(100, 5_000);
    while (!signal.aborted) {
      try {
        await work((worker) => this.#untilStopped(worker));
      } catch (error) {
        onProblem(`${topic}/${partition} is not ${done}`, error);
        await backoff.wait(signal);
      }
    }
  }

  async #untilStopped(worker: PartitionWorker): Promise<void> {
    this.#worker = worker;
    worker.start();
    await aborted(this.#stopping.signal);
    await worker.stop();
  }
}

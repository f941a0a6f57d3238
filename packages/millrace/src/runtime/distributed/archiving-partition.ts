import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { PartitionReader } from '../../adapters/kafka/partition-reader.ts';
import { Archiver, type ArchiverOptions } from '../../archive/archiver.ts';
import { Backoff } from '../../load/backoff.ts';
import { aborted } from './aborted.ts';

export interface ArchivingPartitionOptions
  extends Omit<ArchiverOptions, 'log' | 'look' | 'onRetry'> {
  readonly kafka: KafkaAddress;
  readonly topic: string;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** Archives one partition of a topic for as long as it is ours, whoever is away meanwhile. */
export class ArchivingPartition {
  readonly #options: ArchivingPartitionOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #archiver: Archiver | undefined;

  constructor(options: ArchivingPartitionOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Why nothing gets into the archive; null when all is well. */
  get failing(): unknown {
    return this.#archiver === undefined ? 'not begun' : this.#archiver.failing;
  }

  /** Ends after the range under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { topic, partition, onProblem } = this.#options;
    const { signal } = this.#stopping;
    const backoff = new Backoff(100, 5_000);
    while (!signal.aborted) {
      try {
        await this.#archive();
      } catch (error) {
        onProblem(`${topic}/${partition} is not archived`, error);
        await backoff.wait(signal);
      }
    }
  }

  /** Until it is stopped. */
  async #archive(): Promise<void> {
    const { kafka, topic, onProblem, ...others } = this.#options;
    const log = await PartitionReader.open({ ...kafka, topic, partition: others.partition });
    try {
      const look = (): Promise<void> => log.look();
      this.#archiver = new Archiver({ ...others, log, look, onRetry: onProblem });
      this.#archiver.start();
      await aborted(this.#stopping.signal);
      await this.#archiver.stop();
    } finally {
      await log.close();
    }
  }
}

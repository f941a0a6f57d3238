import { Brokers, type KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { groupProgress, type Membership } from '../../adapters/kafka/group-progress.ts';
import { PartitionReader } from '../../adapters/kafka/partition-reader.ts';
import { Gate, type GateOptions } from '../../gate/gate.ts';
import { Backoff } from '../../load/backoff.ts';
import { aborted } from './aborted.ts';

export interface GatePartitionOptions extends Omit<GateOptions, 'reader' | 'progress' | 'onRetry'> {
  readonly kafka: KafkaAddress;
  readonly membership: Membership;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** Lets in one partition of a topic for as long as it is ours, whoever is away meanwhile. */
export class GatePartition {
  readonly #options: GatePartitionOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #gate: Gate | undefined;

  constructor(options: GatePartitionOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Why nothing gets in; null when all is well. */
  get failing(): unknown {
    return this.#gate === undefined ? 'not begun' : this.#gate.failing;
  }

  /** Ends after the records under way. */
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
        await this.#letIn();
      } catch (error) {
        onProblem(`${topic}/${partition} is not let in`, error);
        await backoff.wait(signal);
      }
    }
  }

  /** Until it is stopped. */
  async #letIn(): Promise<void> {
    const { kafka, membership, onProblem, ...others } = this.#options;
    const { topic, partition } = others;
    const brokers = new Brokers(kafka);
    try {
      const isPassedOver = (): boolean => false;
      const reader = await PartitionReader.open({ ...kafka, topic, partition, isPassedOver });
      try {
        const place = { brokers, membership, topic, partition, start: reader.start };
        const progress = groupProgress(place);
        this.#gate = new Gate({ ...others, reader, progress, onRetry: onProblem });
        this.#gate.start();
        await aborted(this.#stopping.signal);
        await this.#gate.stop();
      } finally {
        await reader.close();
      }
    } finally {
      await brokers.close();
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CompressionAlgorithmValue,
  type Connection,
  initProducerIdV4,
  protocolErrors,
} from '@platformatic/kafka';
import type { LogRecord } from '../../ports/log.ts';
import { Brokers, type KafkaAddress } from './brokers.ts';
import { byPartition } from './by-partition.ts';
import { type PartitionBatch, type ProduceAnswer, sendBatches } from './produce-request.ts';
import { batchRecords, recordBatch } from './record-batch.ts';

export interface ProducerSessionOptions extends KafkaAddress {
  readonly topic: string;
  readonly compression: CompressionAlgorithmValue;
  /** How long records may take to be sent, repeats included, in ms. */
  readonly sendMsMax: number;
}

/** The brokers take no batch of that size, but may take smaller ones. */
export class BatchTooLarge extends Error {}

interface Identity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

interface NumberedBatch extends PartitionBatch {
  /** Of the first record behind it. */
  readonly nextSequence: number;
}

/** Between two tries, in ms. */
export const retryMs = 100;
/** Sequence numbers: behind the largest int32 they begin again at 0. */
export const sequences = 2 ** 31;
const isThere: ReadonlySet<string> = new Set(['NONE', 'DUPLICATE_SEQUENCE_NUMBER']);
const isTooLarge: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** One producer in Kafka's eyes, which numbers what it sends. Of no use after a failure. */
export class ProducerSession {
  readonly #options: ProducerSessionOptions;
  readonly #nextSequences = new Map<number, number>();
  #brokers: Brokers;
  #identity: Identity | undefined;

  constructor(options: ProducerSessionOptions) {
    this.#options = options;
    this.#brokers = new Brokers(options, options.sendMsMax);
  }

  /**
   * Sends records until all replicas in sync have each of them: the same batches
   * once more where no answer came, or one that asks for it.
   *
   * @param timestamp of the records, epoch ms.
   * @param deadline of the last try, by `performance.now()`.
   * @throws BatchTooLarge, or what the last try met.
   */
  async send(records: readonly LogRecord[], timestamp: number, deadline: number): Promise<void> {
    let waiting = await this.#numbered(records, timestamp);
    for (;;) {
      const { answers, problems } = await this.#sendOnce(waiting);
      waiting = waiting.filter((batch) => !this.#isThere(batch, answers));
      if (waiting.length === 0) return;
      problems.push(...this.#refusals(waiting, answers));
      if (performance.now() + retryMs >= deadline) {
        throw new AggregateError(problems, 'Kafka has not taken all records in time.');
      }
      // Others may lead the partitions by now, and broken connections stay so.
      this.close().catch(() => {});
      this.#brokers = new Brokers(this.#options, this.#options.sendMsMax);
      await sleep(retryMs);
    }
  }

  close(): Promise<void> {
    return this.#brokers.close();
  }

  async #numbered(
    records: readonly LogRecord[],
    timestamp: number,
  ): Promise<readonly NumberedBatch[]> {
    const { topic, compression } = this.#options;
    const partitions = await this.#brokers.partitionsOf(topic);
    const identity = this.#identity ?? (await identify(await this.#brokers.any()));
    this.#identity = identity;
    return [...byPartition(records, partitions)].map(([partition, ofPartition]) => {
      const sequence = this.#nextSequences.get(partition) ?? 0;
      const encoded = batchRecords(ofPartition, compression);
      const bytes = recordBatch(encoded, { ...identity, sequence }, timestamp);
      return { partition, bytes, nextSequence: (sequence + ofPartition.length) % sequences };
    });
  }

  /** Asks all leaders at once. Where one has no answer, there is a problem instead. */
  async #sendOnce(
    batches: readonly NumberedBatch[],
  ): Promise<{ readonly answers: ProduceAnswer; readonly problems: unknown[] }> {
    const { topic, sendMsMax } = this.#options;
    const problems: unknown[] = [];
    const byLeader = new Map<Connection, NumberedBatch[]>();
    for (const batch of batches) {
      try {
        const { connection } = await this.#brokers.leaderOf(topic, batch.partition);
        byLeader.set(connection, [...(byLeader.get(connection) ?? []), batch]);
      } catch (error) {
        problems.push(error);
      }
    }
    const sending = [...byLeader].map(async ([connection, ofLeader]) => {
      try {
        return await sendBatches(connection, {
          ...{ topic, batches: ofLeader, timeoutMs: sendMsMax },
          transactionalId: null,
        });
      } catch (error) {
        problems.push(error);
        return [];
      }
    });
    const answers = await Promise.all(sending);
    return { answers: new Map(answers.flatMap((answer) => [...answer])), problems };
  }

  #isThere({ partition, nextSequence }: NumberedBatch, answers: ProduceAnswer): boolean {
    if (!isThere.has(answers.get(partition) ?? '')) return false;
    this.#nextSequences.set(partition, nextSequence);
    return true;
  }

  /** @throws where it is of no use to send them again. */
  #refusals(batches: readonly NumberedBatch[], answers: ProduceAnswer): readonly Error[] {
    return batches.flatMap(({ partition }) => {
      const answer = answers.get(partition);
      if (answer === undefined) return [];
      const what = `Kafka answered ${answer} for partition ${partition} of ${this.#options.topic}.`;
      if (isTooLarge.has(answer)) throw new BatchTooLarge(what);
      if (protocolErrors[answer]?.canRetry !== true) throw new Error(what);
      return [new Error(what)];
    });
  }
}

async function identify(broker: Connection): Promise<Identity> {
  const unknown = { id: -1n, epoch: -1, transaction: null, timeoutMs: 0 };
  return initProducerIdV4.api.async(
    ...[broker, unknown.transaction, unknown.timeoutMs, unknown.id, unknown.epoch],
  );
}

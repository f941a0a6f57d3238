import { setTimeout as sleep } from 'node:timers/promises';
import {
  addPartitionsToTxnV3,
  type Connection,
  endTxnV4,
  initProducerIdV4,
  ResponseError,
} from '@platformatic/kafka';
import type { Clock } from '../../ports/clock.ts';
import type { LogRecord } from '../../ports/log.ts';
import { Brokers, type KafkaAddress } from './brokers.ts';
import { byPartition } from './by-partition.ts';
import { type PartitionBatch, type ProduceAnswer, sendBatches } from './produce-request.ts';
import { sequences } from './producer-session.ts';
import { type BatchRecords, batchRecords, recordBatch } from './record-batch.ts';

export interface TransactionSessionOptions extends KafkaAddress {
  /** Of all sessions with one id only the newest can write: it ends what the others left open. */
  readonly transactionalId: string;
  /**
   * How long a transaction may be open. One that nobody ends holds back, for
   * this long, what others write behind it.
   */
  readonly timeoutMs: number;
  /** How long a broker may take for an answer, in ms. */
  readonly answerMsMax: number;
}

export interface TopicRecords {
  readonly topic: string;
  readonly records: readonly LogRecord[];
}

interface Identity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Of a batch, as it is sent: below what topics take (`max.message.bytes`), unless one record is larger. */
const batchBytesMax = 1_000_000;
const newProducer = { producerId: -1n, producerEpoch: -1 };
/** Ends of transactions are written in a few ms, but where a broker is busy. */
const retryMs = 10;
const settleMsMax = 30_000;

/**
 * Writes records into several topics, those of a transaction whole or not at all.
 *
 * Of no use after a failure: then nobody knows how the transaction ended. The next
 * session with its id does, once it has begun: by then it was committed or aborted.
 *
 * Source: https://kafka.apache.org/documentation/#impl_txn (KIP-98)
 */
export class TransactionSession {
  readonly #options: TransactionSessionOptions;
  readonly #brokers: Brokers;
  readonly #identity: Identity;
  readonly #nextSequences = new Map<string, number>();

  private constructor(options: TransactionSessionOptions, brokers: Brokers, identity: Identity) {
    this.#options = options;
    this.#brokers = brokers;
    this.#identity = identity;
  }

  static async begin(options: TransactionSessionOptions): Promise<TransactionSession> {
    const { transactionalId, timeoutMs, answerMsMax } = options;
    const brokers = new Brokers(options, answerMsMax);
    const { producerId, producerEpoch } = newProducer;
    const identify = (connection: Connection): Promise<Identity> =>
      initProducerIdV4.api.async(
        ...[connection, transactionalId, timeoutMs, producerId, producerEpoch],
      );
    try {
      const identity = await onceSettled(() =>
        brokers.atCoordinator(transactionalId, identify, 'transaction'),
      );
      return new TransactionSession(options, brokers, identity);
    } catch (error) {
      await brokers.close();
      throw error;
    }
  }

  /**
   * Resolves once all of it is committed. One call at a time.
   *
   * @param clock for the timestamps of the records: those of a batch are when it is sent.
   * @param onWritten told when all is written and nothing is committed.
   */
  async commit(
    topics: readonly TopicRecords[],
    clock: Clock,
    onWritten: () => void,
  ): Promise<void> {
    const { transactionalId } = this.#options;
    const { producerId, producerEpoch } = this.#identity;
    const parts: { topic: string; groups: ReadonlyMap<number, readonly LogRecord[]> }[] = [];
    for (const { topic, records } of topics) {
      if (records.length === 0) continue;
      const partitions = await this.#brokers.partitionsOf(topic);
      parts.push({ topic, groups: byPartition(records, partitions) });
    }
    const touched = parts.map(({ topic, groups }) => ({
      name: topic,
      partitions: [...groups.keys()],
    }));
    const transaction = { transactionalId, producerId, producerEpoch };
    await this.#atCoordinator((connection) =>
      addPartitionsToTxnV3.api.async(connection, [
        { ...transaction, verifyOnly: false, topics: touched },
      ]),
    );
    for (const { topic, groups } of parts) await this.#write(topic, groups, clock);
    onWritten();
    await this.#atCoordinator((connection) =>
      endTxnV4.api.async(connection, transactionalId, producerId, producerEpoch, true),
    );
  }

  close(): Promise<void> {
    return this.#brokers.close();
  }

  /** The end of the last transaction may be on its way yet. */
  #atCoordinator<Answer>(ask: (connection: Connection) => Promise<Answer>): Promise<Answer> {
    const { transactionalId } = this.#options;
    return onceSettled(() => this.#brokers.atCoordinator(transactionalId, ask, 'transaction'));
  }

  /** A request has one batch for each partition at most. */
  async #write(
    topic: string,
    groups: ReadonlyMap<number, readonly LogRecord[]>,
    clock: Clock,
  ): Promise<void> {
    const queues = [...groups].map(([partition, records]) => ({
      partition,
      batches: batchesOf(records),
    }));
    for (let at = 0; queues.some(({ batches }) => at < batches.length); at += 1) {
      const timestamp = clock.now();
      const next = queues.flatMap(({ partition, batches }) => {
        const batch = batches[at];
        if (batch === undefined) return [];
        return [{ partition, bytes: this.#numbered(topic, partition, batch, timestamp) }];
      });
      await this.#send(topic, next);
    }
  }

  #numbered(topic: string, partition: number, batch: BatchRecords, timestamp: number): Buffer {
    const place = `${topic}/${partition}`;
    const sequence = this.#nextSequences.get(place) ?? 0;
    this.#nextSequences.set(place, (sequence + batch.count) % sequences);
    return recordBatch(batch, { ...this.#identity, sequence, isTransactional: true }, timestamp);
  }

  /** @throws unless all leaders took what is theirs. */
  async #send(topic: string, batches: readonly PartitionBatch[]): Promise<void> {
    const { transactionalId, answerMsMax: timeoutMs } = this.#options;
    const byLeader = new Map<Connection, PartitionBatch[]>();
    for (const batch of batches) {
      const { connection } = await this.#brokers.leaderOf(topic, batch.partition);
      byLeader.set(connection, [...(byLeader.get(connection) ?? []), batch]);
    }
    const answers = await Promise.all(
      [...byLeader].map(([connection, ofLeader]) =>
        sendBatches(connection, { topic, transactionalId, batches: ofLeader, timeoutMs }),
      ),
    );
    const all: ProduceAnswer = new Map(answers.flatMap((answer) => [...answer]));
    for (const { partition } of batches) {
      const answer = all.get(partition) ?? 'nothing';
      if (answer !== 'NONE')
        throw new Error(`Kafka answered ${answer} for partition ${partition} of ${topic}.`);
    }
  }
}

function batchesOf(records: readonly LogRecord[]): readonly BatchRecords[] {
  const whole = batchRecords(records, 'lz4');
  if (whole.bytes.length <= batchBytesMax || records.length === 1) return [whole];
  const half = Math.ceil(records.length / 2);
  return [...batchesOf(records.slice(0, half)), ...batchesOf(records.slice(half))];
}

/** What Kafka says while it ends a transaction, or while another broker takes over. */
const passing: readonly string[] = [
  'CONCURRENT_TRANSACTIONS',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
];

async function onceSettled<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const deadline = performance.now() + settleMsMax;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const passes =
        error instanceof ResponseError &&
        passing.some((reason) => error.findBy('apiId', reason) !== null);
      if (!passes || performance.now() > deadline) throw error;
      await sleep(retryMs);
    }
  }
}

import { type CompressionAlgorithmValue, Producer, stringSerializers } from '@platformatic/kafka';
import { MillraceError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AppendReceipt, LogRecord, LogWriter } from '../../ports/log.ts';
import type { KafkaAddress } from './brokers.ts';

export interface TopicWriterOptions extends KafkaAddress {
  readonly topic: string;
  readonly clock: Clock;
  readonly compression?: CompressionAlgorithmValue;
  /** Of records that wait for Kafka: beyond, appends are refused. */
  readonly pendingBytesMax?: number;
}

export interface TopicWriter extends LogWriter {
  /** Sends what waits, then lets go. */
  close(): Promise<void>;
}

interface Waiting {
  readonly records: readonly LogRecord[];
  readonly units: number;
  readonly resolve: (receipt: AppendReceipt) => void;
  readonly reject: (error: unknown) => void;
}

/** Of one request to Kafka, in UTF-16 units. */
const groupUnitsMax = 4 * 1024 * 1024;

/**
 * A topic as the log that collectors write: a record's key is its event's id,
 * its value one line of canonical JSON, its timestamp when it was appended.
 *
 * Records that come while others are on their way go together. Duplicates are
 * not told here, but behind the topic.
 */
export function openTopicWriter(options: TopicWriterOptions): TopicWriter {
  const { topic, clock, brokers, clientId } = options;
  const { compression = 'lz4', pendingBytesMax = 64 * 1024 * 1024 } = options;
  const producer = new Producer<string, string, string, string>({
    clientId,
    bootstrapBrokers: [...brokers],
    idempotent: true,
    // Whoever sent the events tries again: what is written twice is told apart behind the topic.
    retries: 3,
    retryDelay: 100,
    compression,
    serializers: stringSerializers,
  });
  let queue: Waiting[] = [];
  let pending = 0;
  let sending: Promise<void> | undefined;

  const sendAll = async (): Promise<void> => {
    // What else arrives in this turn of the event loop goes along.
    await new Promise((resolve) => setImmediate(resolve));
    while (queue.length > 0) {
      const group = queue.slice(0, countWithin(queue, groupUnitsMax));
      queue = queue.slice(group.length);
      await send(group);
    }
    sending = undefined;
  };

  const send = async (group: readonly Waiting[]): Promise<void> => {
    const timestamp = BigInt(clock.now());
    const messages = group.flatMap(({ records }) =>
      records.map(({ key, value }) => ({ topic, key, value, timestamp })),
    );
    try {
      await producer.send({ messages });
      for (const { records, resolve } of group)
        resolve({ appended: records.length, duplicates: 0 });
    } catch (cause) {
      // The library goes on asking the leader it knew.
      producer.clearMetadata();
      const error = new MillraceError(
        'log_unavailable',
        `Kafka did not take records of ${topic}.`,
        {
          cause,
        },
      );
      for (const { reject } of group) reject(error);
    } finally {
      for (const { units } of group) pending -= units;
    }
  };

  return {
    append: (records, { mark } = {}) =>
      new Promise((resolve, reject) => {
        if (mark !== undefined) throw new Error('a topic keeps no marks');
        const units = records.reduce((sum, { value }) => sum + value.length, 0);
        if (pending + units > pendingBytesMax) {
          throw new MillraceError('log_overloaded', `${pending} bytes wait for Kafka.`);
        }
        pending += units;
        queue.push({ records, units, resolve, reject });
        sending ??= sendAll();
      }),
    marks: () => new Map(),
    async close() {
      await sending;
      await producer.close();
    },
  };
}

/** How many of the first fit, at least one. */
function countWithin(waiting: readonly Waiting[], unitsMax: number): number {
  let units = 0;
  const over = waiting.findIndex((each) => {
    units += each.units;
    return units > unitsMax;
  });
  return over < 0 ? waiting.length : Math.max(1, over);
}

import type { CompressionAlgorithmValue } from '@platformatic/kafka';
import { MillraceError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AppendReceipt, LogRecord, LogWriter } from '../../ports/log.ts';
import { requireLines } from '../../ports/require-lines.ts';
import type { KafkaAddress } from './brokers.ts';
import { BatchTooLarge } from './producer-session.ts';
import { TopicProducer } from './topic-producer.ts';

export interface TopicWriterOptions extends KafkaAddress {
  readonly topic: string;
  readonly clock: Clock;
  readonly compression?: CompressionAlgorithmValue;
  /** Of records that wait for Kafka: beyond, appends are refused. */
  readonly pendingBytesMax?: number;
  /** How long one request to Kafka may take, repeats included, before it counts as away. Default 2 s. */
  readonly sendMsMax?: number;
  /** Writes into a value that it goes to Kafka now (epoch ms): the same time as the record's timestamp. */
  readonly stamp?: (value: string, appendedAt: number) => string;
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
const requestUnitsMax = 4 * 1024 * 1024;

/**
 * A topic as the log that collectors write: a record's key is its event's id,
 * its value one line of canonical JSON, its timestamp when it was appended.
 *
 * Records that come while others are on their way go together. Duplicates are
 * not told here, but behind the topic. What `append` rejects with
 * `log_unavailable` may be in the topic all the same, or get there later.
 */
export function openTopicWriter(options: TopicWriterOptions): TopicWriter {
  const { topic, clock, brokers, clientId, stamp = unchanged } = options;
  const { compression = 'lz4', pendingBytesMax = 64 * 1024 * 1024, sendMsMax = 2_000 } = options;
  const producer = new TopicProducer({ brokers, clientId, topic, compression, sendMsMax });
  let unitsMax = requestUnitsMax;
  let queue: Waiting[] = [];
  let pending = 0;
  let sending: Promise<void> | undefined;

  const sendAll = async (): Promise<void> => {
    // What else arrives in this turn of the event loop goes along.
    await new Promise((resolve) => setImmediate(resolve));
    while (queue.length > 0) {
      const group = queue.slice(0, countWithin(queue, ofWaiting, unitsMax));
      queue = queue.slice(group.length);
      try {
        await sendGroup(group.flatMap(({ records }) => records));
        settle(group, ({ records, resolve }) =>
          resolve({ appended: records.length, duplicates: 0 }),
        );
      } catch (cause) {
        const what = `Kafka did not take records of ${topic}.`;
        const error = new MillraceError('log_unavailable', what, { cause });
        // Those behind would each wait as long for the same answer.
        settle([...group, ...queue.splice(0)], ({ reject }) => reject(error));
      }
    }
    sending = undefined;
  };

  const settle = (group: readonly Waiting[], tell: (one: Waiting) => void): void => {
    for (const one of group) {
      pending -= one.units;
      tell(one);
    }
  };

  /** In requests that the brokers take. */
  const sendGroup = async (group: readonly LogRecord[]): Promise<void> => {
    for (let rest = group; rest.length > 0; ) {
      const request = rest.slice(0, countWithin(rest, ofRecord, unitsMax));
      try {
        await send(request);
        rest = rest.slice(request.length);
      } catch (error) {
        if (!(error instanceof BatchTooLarge) || request.length === 1) throw error;
        unitsMax = Math.ceil(sum(request, ofRecord) / 2);
      }
    }
  };

  const send = (records: readonly LogRecord[]): Promise<void> => {
    const appendedAt = clock.now();
    const stamped = records.map((record) => ({
      ...record,
      value: stamp(record.value, appendedAt),
    }));
    return producer.send(stamped, appendedAt);
  };

  return {
    append: (records, { mark } = {}) =>
      new Promise((resolve, reject) => {
        if (mark !== undefined) throw new Error('a topic keeps no marks');
        const units = sum(records, ofRecord);
        if (pending + units > pendingBytesMax) {
          throw new MillraceError('log_overloaded', `${pending} bytes wait for Kafka.`);
        }
        // A text that was put together from pieces becomes one when it is searched, and the
        // pieces need not wait for Kafka: an eighth of a collector's CPU.
        requireLines(records);
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

const unchanged = (value: string): string => value;
const ofWaiting = ({ units }: Waiting): number => units;
const ofRecord = ({ value }: LogRecord): number => value.length;

/** How many of the first fit, at least one. */
function countWithin<Item>(
  items: readonly Item[],
  unitsOf: (item: Item) => number,
  unitsMax: number,
): number {
  let units = 0;
  const over = items.findIndex((item) => {
    units += unitsOf(item);
    return units > unitsMax;
  });
  return over < 0 ? items.length : Math.max(1, over);
}

const sum = <Item>(items: readonly Item[], unitsOf: (item: Item) => number): number =>
  items.reduce((units, item) => units + unitsOf(item), 0);

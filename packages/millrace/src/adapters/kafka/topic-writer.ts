import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CompressionAlgorithmValue,
  GenericError,
  MultipleErrors,
  Producer,
  stringSerializers,
} from '@platformatic/kafka';
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
const retryMs = 100;

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
  let producer: StringProducer | undefined;
  let unitsMax = requestUnitsMax;
  let queue: Waiting[] = [];
  let pending = 0;
  let sending: Promise<void> | undefined;

  const open = (): StringProducer =>
    new Producer({
      clientId,
      bootstrapBrokers: [...brokers],
      idempotent: true,
      // With less the library takes it to be without end.
      retries: 2,
      retryDelay: retryMs,
      connectTimeout: sendMsMax,
      requestTimeout: sendMsMax,
      timeout: sendMsMax,
      compression,
      serializers: stringSerializers,
    });

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
        if (!isTooLarge(error) || request.length === 1) throw error;
        unitsMax = Math.ceil(sum(request, ofRecord) / 2);
      }
    }
  };

  const send = async (records: readonly LogRecord[]): Promise<void> => {
    const deadline = performance.now() + sendMsMax;
    for (;;) {
      producer ??= open();
      try {
        await within(deadline - performance.now(), producer.send({ messages: now(records) }));
        return;
      } catch (error) {
        letGo();
        if (isTooLarge(error) || performance.now() + retryMs >= deadline) throw error;
        await sleep(retryMs);
      }
    }
  };

  const now = (records: readonly LogRecord[]) => {
    const appendedAt = clock.now();
    const timestamp = BigInt(appendedAt);
    return records.map(({ key, value }) => ({
      topic,
      key,
      value: stamp(value, appendedAt),
      timestamp,
    }));
  };

  /**
   * After a failure nobody knows which numbers of its sequence Kafka has seen,
   * and other records under the same numbers would be dropped as repeats: the
   * next ones come from another producer.
   */
  const letGo = (): void => {
    const failed = producer;
    producer = undefined;
    // Its connections may never end well; nothing depends on how they do.
    failed?.close().catch(() => {});
  };

  return {
    append: (records, { mark } = {}) =>
      new Promise((resolve, reject) => {
        if (mark !== undefined) throw new Error('a topic keeps no marks');
        const units = sum(records, ofRecord);
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
      await producer?.close();
    },
  };
}

type StringProducer = Producer<string, string, string, string>;

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

/** Whether the brokers take no batch of that size, but may take smaller ones. */
const isTooLarge = (error: unknown): boolean =>
  (error instanceof GenericError && error.findBy('apiId', tooLarge) !== null) ||
  (error instanceof MultipleErrors && error.findBy('apiId', tooLarge) !== null);
const tooLarge = 'MESSAGE_TOO_LARGE';

const within = (durationMs: number, work: Promise<unknown>): Promise<void> =>
  new Promise((resolve, reject) => {
    const tired = (): void => reject(new Error('Kafka has not answered in time.'));
    const timer = setTimeout(tired, durationMs);
    work.then(() => resolve(), reject).finally(() => clearTimeout(timer));
  });

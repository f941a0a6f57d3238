import { type Connection, listOffsetsV9, offsetFetchV9 } from '@platformatic/kafka';
import type { GroupReading, LogOffsets, Offsets } from '../../ports/log-offsets.ts';
import { Brokers, type KafkaAddress } from './brokers.ts';

const readUncommitted = 0;
const latest = -1n;
const earliest = -2n;

/**
 * How far topics and consumer groups are. Partitions that are added to a topic
 * count only once the client asks for its metadata anew.
 */
export class TopicOffsets implements LogOffsets {
  readonly #brokers: Brokers;

  constructor(address: KafkaAddress) {
    this.#brokers = new Brokers(address);
  }

  async ends(topic: string): Promise<Offsets> {
    return this.#offsets(topic, latest);
  }

  /** A group that has committed nothing in a partition has done with what is gone from it. */
  async committed({ group, log }: GroupReading): Promise<Offsets> {
    const partitions = await this.#brokers.partitionsOf(log);
    const topics = [{ name: log, partitionIndexes: [...Array(partitions).keys()] }];
    const answer = await this.#brokers.atCoordinator(group, (connection) =>
      offsetFetchV9.api.async(connection, [{ groupId: group, memberEpoch: -1, topics }], true),
    );
    const offsets = Array.from({ length: partitions }, () => -1);
    for (const found of answer.groups[0]?.topics[0]?.partitions ?? []) {
      offsets[found.partitionIndex] = Number(found.committedOffset);
    }
    if (offsets.every((offset) => offset >= 0)) return offsets;
    const starts = await this.#offsets(log, earliest);
    return offsets.map((offset, partition) => (offset >= 0 ? offset : (starts[partition] ?? 0)));
  }

  close(): Promise<void> {
    return this.#brokers.close();
  }

  /** One request to each broker that leads some of the partitions. */
  async #offsets(topic: string, timestamp: bigint): Promise<Offsets> {
    const count = await this.#brokers.partitionsOf(topic);
    const byLeader = new Map<Connection, number[]>();
    for (let partition = 0; partition < count; partition += 1) {
      const { connection } = await this.#brokers.leaderOf(topic, partition);
      byLeader.set(connection, [...(byLeader.get(connection) ?? []), partition]);
    }
    const answers = await this.#asked(() =>
      Promise.all(
        [...byLeader].map(([connection, led]) => {
          const partitions = led.map((partitionIndex) => ({
            partitionIndex,
            currentLeaderEpoch: -1,
            timestamp,
          }));
          const topics = [{ name: topic, partitions }];
          return listOffsetsV9.api.async(connection, -1, readUncommitted, topics);
        }),
      ),
    );
    const found = new Map(
      answers.flatMap(({ topics }) =>
        topics.flatMap(({ partitions }) =>
          partitions.map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)]),
        ),
      ),
    );
    return Array.from({ length: count }, (_, partition) => {
      const offset = found.get(partition);
      if (offset !== undefined && offset >= 0) return offset;
      throw new Error(`Kafka did not say where partition ${partition} of ${topic} ends.`);
    });
  }

  async #asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      this.#brokers.forget();
      throw error;
    }
  }
}

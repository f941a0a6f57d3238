import {
  Admin,
  ConfigResourceTypes,
  FetchIsolationLevels,
  IncrementalAlterConfigOperationTypes,
  ListOffsetTimestamps,
  ResponseError,
} from '@platformatic/kafka';
import { MillraceError } from '../../errors.ts';
import { anyFirst } from './any-first.ts';
import type { KafkaAddress } from './brokers.ts';

/** What a topic is to be. */
export interface WantedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replication: number;
  /** By Kafka's names. */
  readonly config: { readonly [name: string]: string };
}

/** What a topic is. */
export interface TopicState extends WantedTopic {
  /** Of each partition, in order. */
  readonly ranges: readonly OffsetRange[];
}

/** Offsets [start, end): what there is, transactions that are open or were aborted included. */
export interface OffsetRange {
  readonly start: number;
  readonly end: number;
}

export interface GroupState {
  /** Processes that take part now. */
  readonly members: number;
  /** Those of which one of them can take partitions; null while they are being shared anew. */
  readonly topics: readonly string[] | null;
  readonly offsets: readonly CommittedOffset[];
}

export interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/** Kafka's topics and groups: looking at them, making and changing them. */
export class TopicAdmin {
  readonly #admin: Admin;

  constructor({ brokers, clientId }: KafkaAddress) {
    this.#admin = new Admin({ clientId, bootstrapBrokers: anyFirst(brokers), retries: 3 });
  }

  /** Those of these topics that there are. @throws MillraceError `log_unavailable`. */
  look(names: readonly string[]): Promise<ReadonlyMap<string, TopicState>> {
    return answered('Kafka does not tell its topics', async () => {
      const known = new Set(await this.#admin.listTopics());
      const topics = names.filter((name) => known.has(name));
      if (topics.length === 0) return new Map();
      const [metadata, configs] = await Promise.all([
        this.#admin.metadata({ topics, forceUpdate: true }),
        this.#configsOf(topics),
      ]);
      const starts = await this.#offsets(metadata.topics, ListOffsetTimestamps.EARLIEST);
      const ends = await this.#offsets(metadata.topics, ListOffsetTimestamps.LATEST);
      return new Map(
        topics.map((name): readonly [string, TopicState] => {
          const partitions = metadata.topics.get(name)?.partitions ?? [];
          const ranges = partitions.map((_, partition) => ({
            start: starts(name, partition),
            end: ends(name, partition),
          }));
          const state = {
            name,
            partitions: partitions.length,
            replication: Math.min(...partitions.map(({ replicas }) => replicas.length)),
            config: configs.get(name) ?? {},
            ranges,
          };
          return [name, state];
        }),
      );
    });
  }

  /** Makes a topic, unless somebody just did; resolves once each partition has a leader. */
  create({ name, partitions, replication, config }: WantedTopic): Promise<void> {
    return answered(`Kafka did not make ${name}`, async () => {
      const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }));
      try {
        await this.#admin.createTopics({
          ...{ topics: [name], partitions, replicas: replication, configs },
        });
      } catch (error) {
        if (!isThereAlready(error)) throw error;
      }
      for (let tries = 0; !(await this.#isLed(name)); tries += 1) {
        if (tries === ledTriesMax) throw new Error(`${name} has no leaders`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
  }

  configure(name: string, config: WantedTopic['config']): Promise<void> {
    return answered(`Kafka did not change ${name}`, () =>
      this.#admin.incrementalAlterConfigs({
        resources: [
          {
            resourceType: ConfigResourceTypes.TOPIC,
            resourceName: name,
            configs: Object.entries(config).map(([key, value]) => ({
              name: key,
              configOperation: IncrementalAlterConfigOperationTypes.SET,
              value,
            })),
          },
        ],
      }),
    );
  }

  /** Forgets the records of a topic's only partition before an offset. */
  trim(name: string, offset: number): Promise<void> {
    return answered(`Kafka did not trim ${name}`, async () => {
      const partitions = [{ partition: 0, offset: BigInt(offset) }];
      await this.#admin.deleteRecords({ topics: [{ name, partitions }] });
    });
  }

  /** Who takes part in a group, and how far it is; nobody and nowhere, if there is none. */
  group(groupId: string): Promise<GroupState> {
    return answered(`Kafka does not tell of the group ${groupId}`, async () => {
      const groups = await this.#admin.listGroups({});
      if (!groups.has(groupId)) return { members: 0, topics: [], offsets: [] };
      const described = await this.#admin.describeGroups({ groups: [groupId] });
      const members = [...(described.get(groupId)?.members.values() ?? [])];
      const subscribed = members.map(({ metadata }) => metadata?.topics);
      const [found] = await this.#admin.listConsumerGroupOffsets({ groups: [groupId] });
      return {
        members: members.length,
        topics: subscribed.every((topics) => topics !== undefined)
          ? [...new Set(subscribed.flat())]
          : null,
        offsets: (found?.topics ?? []).flatMap(({ name, partitions }) =>
          partitions.map(({ partitionIndex, committedOffset, metadata }) => ({
            ...{ topic: name, partition: partitionIndex, offset: Number(committedOffset) },
            metadata: metadata ?? '',
          })),
        ),
      };
    });
  }

  /**
   * Of each partition the offset of the first record with this time (epoch ms) or
   * a later one; its end, where there is none.
   */
  offsetsAt(topic: TopicState, timeMs: number): Promise<readonly number[]> {
    return answered(`Kafka does not tell the times of ${topic.name}`, async () => {
      const { topics } = await this.#admin.metadata({ topics: [topic.name] });
      const found = await this.#offsets(topics, BigInt(timeMs));
      return topic.ranges.map(({ end }, partition) => {
        const offset = found(topic.name, partition);
        return offset < 0 ? end : offset;
      });
    });
  }

  /** Bytes on the disks of all brokers, replicas included. */
  bytesOf(topics: readonly TopicState[]): Promise<ReadonlyMap<string, number>> {
    return answered('Kafka does not tell the size of its topics', async () => {
      const wanted = topics.map(({ name, ranges }) => ({
        name,
        partitions: ranges.map((_, partition) => partition),
      }));
      const bytes = new Map(topics.map(({ name }) => [name, 0]));
      if (topics.length === 0) return bytes;
      const folders = await this.#admin.describeLogDirs({ topics: wanted });
      for (const { topics: held } of folders.flatMap(({ results }) => results)) {
        for (const { name, partitions } of held) {
          const here = partitions.reduce((sum, each) => sum + Number(each.partitionSize), 0);
          bytes.set(name, (bytes.get(name) ?? 0) + here);
        }
      }
      return bytes;
    });
  }

  async close(): Promise<void> {
    await this.#admin.close();
  }

  async #configsOf(topics: readonly string[]): Promise<ReadonlyMap<string, WantedTopic['config']>> {
    const found = await this.#admin.describeConfigs({
      resources: topics.map((resourceName) => ({
        ...{ resourceType: ConfigResourceTypes.TOPIC, resourceName },
      })),
    });
    return new Map(
      found.map(({ resourceName, configs }) => [
        resourceName,
        Object.fromEntries(configs.map(({ name, value }) => [name, value ?? ''])),
      ]),
    );
  }

  async #offsets(
    topics: ReadonlyMap<string, { readonly partitions: readonly unknown[] }>,
    timestamp: bigint,
  ): Promise<(topic: string, partition: number) => number> {
    const answers = await this.#admin.listOffsets({
      isolationLevel: FetchIsolationLevels.READ_UNCOMMITTED,
      topics: [...topics].map(([name, { partitions }]) => ({
        name,
        partitions: partitions.map((_, partitionIndex) => ({ partitionIndex, timestamp })),
      })),
    });
    const offsets = new Map(
      answers.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, offset }) => [
          `${name}/${partitionIndex}`,
          Number(offset),
        ]),
      ),
    );
    return (topic, partition) => offsets.get(`${topic}/${partition}`) ?? 0;
  }

  async #isLed(name: string): Promise<boolean> {
    if (!(await this.#admin.listTopics()).includes(name)) return false;
    const { topics } = await this.#admin.metadata({ topics: [name], forceUpdate: true });
    const partitions = topics.get(name)?.partitions ?? [];
    return partitions.length > 0 && partitions.every(({ leader }) => leader >= 0);
  }
}

const ledTriesMax = 300;

const isThereAlready = (error: unknown): boolean =>
  error instanceof ResponseError && error.findBy('apiId', 'TOPIC_ALREADY_EXISTS') !== null;

async function answered<Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MillraceError('log_unavailable', `${what}: ${reason}`, { cause });
  }
}

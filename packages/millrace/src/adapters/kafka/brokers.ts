import {
  Base,
  type ClusterMetadata,
  type Connection,
  type ConnectionOptions,
  ConnectionPool,
  findCoordinatorV6,
} from '@platformatic/kafka';
import { anyFirst } from './any-first.ts';

/** Where Kafka is. */
export interface KafkaAddress {
  /** `host:port` of some brokers, which know the others. */
  readonly brokers: readonly string[];
  /** As the brokers' logs name whoever asks. */
  readonly clientId: string;
}

type Limits = Pick<ConnectionOptions, 'connectTimeout' | 'requestTimeout'> & {
  readonly retries?: number;
};

/** What coordinators look after, by the protocol's numbers. */
const coordinated = { group: 0, transaction: 1 } as const;
type Coordinated = keyof typeof coordinated;
/** Any broker knows the answer: one that takes longer than this hangs. */
const metadataMsMax = 10_000;

/**
 * Connections to the brokers that lead a partition or look after a group, for
 * requests that the library's own clients do not make, or make differently.
 *
 * Each owner has its own: a broker answers what comes over one connection in
 * order, so a fetch that waits for records would hold up everything behind it.
 */
export class Brokers {
  readonly #clientId: string;
  readonly #limits: Limits;
  readonly #pool: ConnectionPool;
  readonly #coordinators = new Map<string, { readonly host: string; readonly port: number }>();
  /** Those that know the others; the first one that takes a connection is asked. */
  #known: readonly string[];
  #base: Base;
  #isClosed = false;

  /** @param answerMsMax what takes longer fails at once, to be repeated by whoever asks. */
  constructor({ brokers, clientId }: KafkaAddress, answerMsMax?: number) {
    this.#clientId = clientId;
    this.#limits =
      answerMsMax === undefined
        ? {}
        : { connectTimeout: answerMsMax, requestTimeout: answerMsMax, retries: 0 };
    this.#pool = new ConnectionPool(clientId, this.#limits);
    this.#known = anyFirst(brokers);
    this.#base = this.#newBase();
  }

  /** The leader of a partition, and what Kafka knows its topic by. */
  async leaderOf(
    topic: string,
    partition: number,
  ): Promise<{ readonly connection: Connection; readonly topicId: string }> {
    const { topics, brokers } = await this.#metadata([topic]);
    const found = topics.get(topic);
    const leader = brokers.get(found?.partitions[partition]?.leader ?? -1);
    if (found === undefined || leader === undefined) {
      this.forget();
      throw new Error(`Kafka knows no leader of ${topic}, partition ${partition}.`);
    }
    return { connection: await this.#pool.get(leader), topicId: found.id };
  }

  /** Whichever broker answers. */
  async any(): Promise<Connection> {
    const { brokers } = await this.#metadata([]);
    return this.#pool.getFirstAvailable(anyFirst([...brokers.values()]));
  }

  async partitionsOf(topic: string): Promise<number> {
    const { topics } = await this.#metadata([topic]);
    const count = topics.get(topic)?.partitionsCount;
    if (count === undefined) throw new Error(`Kafka has no topic ${topic}.`);
    return count;
  }

  /** The broker that looks after a consumer group, or a producer's transactions. */
  async coordinatorOf(id: string, kind: Coordinated = 'group'): Promise<Connection> {
    const key = `${kind} ${id}`;
    const known = this.#coordinators.get(key);
    if (known !== undefined) return this.#pool.get(known);
    const connection = await this.any();
    const { coordinators } = await findCoordinatorV6.api.async(connection, coordinated[kind], [id]);
    const [found] = coordinators;
    if (found === undefined) throw new Error(`Kafka knows no coordinator of ${id}.`);
    const coordinator = { host: found.host, port: found.port };
    this.#coordinators.set(key, coordinator);
    return this.#pool.get(coordinator);
  }

  async atCoordinator<Answer>(
    id: string,
    ask: (connection: Connection) => Promise<Answer>,
    kind: Coordinated = 'group',
  ): Promise<Answer> {
    try {
      return await ask(await this.coordinatorOf(id, kind));
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** Asks anew who leads and looks after what: after an error they may have moved. */
  forget(): void {
    this.#base.clearMetadata();
    this.#coordinators.clear();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool.close();
    await this.#base.close();
  }

  #newBase(): Base {
    return new Base({
      ...{ clientId: this.#clientId, bootstrapBrokers: [...this.#known] },
      ...{ requestTimeout: metadataMsMax, ...this.#limits },
    });
  }

  async #metadata(topics: readonly string[]): Promise<ClusterMetadata> {
    const base = this.#base;
    try {
      return await base.metadata({ topics: [...topics] });
    } catch (error) {
      // One that hangs takes connections all the same, and would be asked for ever.
      if (base === this.#base && !this.#isClosed) this.#askAnother();
      throw error;
    }
  }

  #askAnother(): void {
    // Its connections may never end well; nothing depends on how they do.
    this.#base.close().catch(() => {});
    this.#known = [...this.#known.slice(1), ...this.#known.slice(0, 1)];
    this.#base = this.#newBase();
  }
}

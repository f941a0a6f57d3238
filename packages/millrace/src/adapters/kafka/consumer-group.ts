import { Consumer } from '@platformatic/kafka';
import { Turns } from '../../turns.ts';
import type { KafkaAddress } from './brokers.ts';
import type { Membership } from './group-place.ts';

export interface ConsumerGroupOptions extends KafkaAddress {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** After so long without a sign of life a member's partitions go to the others. */
  readonly sessionTimeoutMs?: number;
  /**
   * Told of each new share of the partitions; what it was told before ends with
   * that. The next share is told once this has resolved.
   */
  readonly onShare: (share: Share) => Promise<void>;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** The partitions that are this member's in one generation of the group. */
export interface Share {
  readonly membership: Membership;
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
}

/** Membership in a consumer group, which shares the partitions of topics among processes. */
export class ConsumerGroup {
  readonly #consumer: Consumer;
  readonly #shares = new Turns();

  private constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  static async join(options: ConsumerGroupOptions): Promise<ConsumerGroup> {
    const { brokers, clientId, groupId, topics, onShare, onProblem } = options;
    const { sessionTimeoutMs = 15_000 } = options;
    const consumer = new Consumer({
      clientId,
      groupId,
      bootstrapBrokers: [...brokers],
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.floor(sessionTimeoutMs / 5),
    });
    const group = new ConsumerGroup(consumer);
    consumer.topics.trackAll(...topics);
    consumer.on('consumer:heartbeat:error', ({ error }) =>
      onProblem(`the group ${groupId} does not answer`, error),
    );
    consumer.on('error', (error: unknown) => onProblem(`the group ${groupId} is lost`, error));
    consumer.on('consumer:group:join', ({ memberId, generationId = -1, assignments }) => {
      const partitions = (assignments ?? []).flatMap(({ topic, partitions: each }) =>
        each.map((partition) => ({ topic, partition })),
      );
      const membership = { groupId, memberId, generationId };
      group.#shares
        .take(() => onShare({ membership, partitions }))
        .catch((error: unknown) =>
          onProblem(`partitions of the group ${groupId} are not taken over`, error),
        );
    });
    await consumer.joinGroup({});
    return group;
  }

  /** Gives the partitions to the others at once. What was loading them must have stopped. */
  async leave(): Promise<void> {
    await this.#consumer.leaveGroup(true);
    await this.#consumer.close(true);
  }
}

import {
  type Connection,
  heartbeatV4,
  joinGroupV9,
  leaveGroupV5,
  ResponseError,
  syncGroupV5,
} from '@platformatic/kafka';
import { pause } from '../../pause.ts';
import { Turns } from '../../turns.ts';
import { within } from '../../within.ts';
import { Brokers, type KafkaAddress } from './brokers.ts';
import type { Membership } from './group-place.ts';
import {
  assignedPartitions,
  assignment,
  dealPartitions,
  subscribedTopics,
  subscription,
  type TopicPartition,
} from './group-protocol.ts';

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
  readonly partitions: readonly TopicPartition[];
}

type JoinAnswer = Awaited<ReturnType<typeof joinGroupV9.api.async>>;

const protocolType = 'consumer';
const protocolName = 'roundrobin';
const noInstance = null;
const unknownMember = '';
/** How long whoever begins waits for a broker that looks after its group. */
const joinMsMax = 30_000;
const leaveMsMax = 5_000;
const retryMs = 500;
const beatsPerSession = 5;

/**
 * Membership in a consumer group, which shares the partitions of topics among processes.
 *
 * A group outlives the broker that looks after it: another one does so, and knows
 * its members. The library's consumer stays with the first one for ever, and gives
 * no sign of life any more after one that failed: the requests are made here.
 */
export class ConsumerGroup {
  readonly #options: Required<ConsumerGroupOptions>;
  readonly #brokers: Brokers;
  readonly #shares = new Turns();
  readonly #stopping = new AbortController();
  #memberId = unknownMember;
  #staying: Promise<void> = Promise.resolve();

  private constructor(options: ConsumerGroupOptions) {
    this.#options = { sessionTimeoutMs: 15_000, ...options };
    this.#brokers = new Brokers(options);
  }

  /** @throws what is in the way after 30 s. */
  static async join(options: ConsumerGroupOptions): Promise<ConsumerGroup> {
    const group = new ConsumerGroup(options);
    try {
      const membership = await group.#joinFirst();
      group.#staying = group.#stay(membership);
      return group;
    } catch (error) {
      await group.#brokers.close();
      throw error;
    }
  }

  /** Gives the partitions to the others at once. What was loading them must have stopped. */
  async leave(): Promise<void> {
    const { groupId, onProblem } = this.#options;
    this.#stopping.abort();
    try {
      const members = [{ memberId: this.#memberId }];
      if (this.#memberId !== unknownMember)
        await this.#ask(leaveMsMax, (connection) =>
          leaveGroupV5.api.async(connection, groupId, members),
        );
    } catch (error) {
      onProblem(`the group ${groupId} has to find out that this process has left it`, error);
    }
    await this.#brokers.close();
    await this.#staying;
  }

  async #joinFirst(): Promise<Membership> {
    const deadline = performance.now() + joinMsMax;
    for (;;) {
      try {
        return await this.#join();
      } catch (error) {
        if (performance.now() + retryMs > deadline) throw error;
        await pause(retryMs, this.#stopping.signal);
      }
    }
  }

  /** Gives signs of life, and joins again when the group shares anew or has lost this member. */
  async #stay(first: Membership): Promise<void> {
    const { groupId, sessionTimeoutMs, onProblem } = this.#options;
    let membership: Membership | null = first;
    let failed = false;
    while (!this.#stopping.signal.aborted) {
      try {
        if (membership === null) membership = await this.#join();
        else await this.#beat(membership);
        failed = false;
        await pause(sessionTimeoutMs / beatsPerSession, this.#stopping.signal);
      } catch (error) {
        if (isOver(error)) {
          membership = null;
          continue;
        }
        // Said once, and not twice a second for hours.
        if (!failed && !this.#stopping.signal.aborted)
          onProblem(`the group ${groupId} does not answer`, error);
        failed = true;
        await pause(retryMs, this.#stopping.signal);
      }
    }
  }

  async #beat({ groupId, generationId, memberId }: Membership): Promise<void> {
    await this.#ask(this.#options.sessionTimeoutMs, (connection) =>
      heartbeatV4.api.async(connection, groupId, generationId, memberId, noInstance),
    );
  }

  /** Resolves once the others have joined again too, or are given up. */
  async #join(): Promise<Membership> {
    const { groupId, onShare, onProblem } = this.#options;
    const { generationId, leader, members } = await this.#enter();
    const memberId = this.#memberId;
    const assignments = leader === memberId ? await this.#deal(members) : [];
    const { assignment: mine } = await this.#ask(this.#roundMsMax, (connection) =>
      syncGroupV5.api.async(
        ...[connection, groupId, generationId, memberId, noInstance],
        ...[protocolType, protocolName, assignments],
      ),
    );
    const membership = { groupId, memberId, generationId };
    const partitions = assignedPartitions(mine);
    this.#shares
      .take(async () => {
        if (!this.#stopping.signal.aborted) await onShare({ membership, partitions });
      })
      .catch((error: unknown) =>
        onProblem(`partitions of the group ${groupId} are not taken over`, error),
      );
    return membership;
  }

  /** Whoever comes without an id is given one, to come again with it. */
  async #enter(): Promise<JoinAnswer> {
    const { groupId, topics, sessionTimeoutMs } = this.#options;
    const protocols = [{ name: protocolName, metadata: subscription(topics) }];
    const enter = (): Promise<JoinAnswer> =>
      this.#ask(this.#roundMsMax, (connection) =>
        joinGroupV9.api.async(
          ...[connection, groupId, sessionTimeoutMs, sessionTimeoutMs, this.#memberId, noInstance],
          ...[protocolType, protocols],
        ),
      );
    try {
      return await enter();
    } catch (error) {
      const given = givenMemberId(error);
      if (given === null) throw error;
      this.#memberId = given;
      return enter();
    }
  }

  async #deal(members: JoinAnswer['members']): Promise<{ memberId: string; assignment: Buffer }[]> {
    const subscribed = members.map(({ memberId, metadata }) => ({
      memberId,
      topics: metadata === null ? [] : subscribedTopics(metadata),
    }));
    const partitions = new Map<string, number>();
    for (const topic of new Set(subscribed.flatMap(({ topics }) => topics)))
      partitions.set(topic, await this.#brokers.partitionsOf(topic));
    return [...dealPartitions(subscribed, partitions)].map(([memberId, share]) => ({
      memberId,
      assignment: assignment(share),
    }));
  }

  /** A round of the group waits for its members, for as long as they may be silent. */
  get #roundMsMax(): number {
    return 2 * this.#options.sessionTimeoutMs;
  }

  async #ask<Answer>(
    answerMsMax: number,
    ask: (connection: Connection) => Promise<Answer>,
  ): Promise<Answer> {
    const { groupId } = this.#options;
    try {
      const late = `The group ${groupId} has not answered within ${answerMsMax} ms.`;
      return await within(answerMsMax, this.#brokers.atCoordinator(groupId, ask), late);
    } catch (error) {
      // Another broker may look after it by now.
      this.#brokers.forget();
      if (isUnknown(error)) this.#memberId = unknownMember;
      throw error;
    }
  }
}

const says = (error: unknown, what: string): boolean =>
  error instanceof ResponseError && error.findBy('apiId', what) !== null;

const isUnknown = (error: unknown): boolean => says(error, 'UNKNOWN_MEMBER_ID');

/** Whether a member has to join again: its generation is over. */
const isOver = (error: unknown): boolean =>
  isUnknown(error) || says(error, 'ILLEGAL_GENERATION') || says(error, 'REBALANCE_IN_PROGRESS');

function givenMemberId(error: unknown): string | null {
  if (!(error instanceof ResponseError)) return null;
  const given: unknown = error.findBy('apiId', 'MEMBER_ID_REQUIRED')?.memberId;
  return typeof given === 'string' ? given : null;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecord } from '../../ports/log.ts';
import { within } from '../../within.ts';
import {
  BatchTooLarge,
  ProducerSession,
  type ProducerSessionOptions,
  retryMs,
} from './producer-session.ts';

/**
 * Writes records into a topic, each into the partition of its key, in their order.
 *
 * What it sends has numbers, and goes again under the same ones while no answer
 * comes, so that the brokers drop repeats. After a failure nobody knows which
 * numbers they have seen, and other records under the same ones would be dropped
 * as repeats: what comes next goes as another producer's.
 */
export class TopicProducer {
  readonly #options: ProducerSessionOptions;
  #session: ProducerSession | undefined;

  constructor(options: ProducerSessionOptions) {
    this.#options = options;
  }

  /**
   * Resolves once all replicas in sync have all of them. One call at a time.
   *
   * @param timestamp of the records, epoch ms.
   * @throws BatchTooLarge; any other error, where Kafka did not take all of them
   *   in time. They may be in the topic all the same, or get there later.
   */
  async send(records: readonly LogRecord[], timestamp: number): Promise<void> {
    const { sendMsMax } = this.#options;
    const deadline = performance.now() + sendMsMax;
    const left = (): number => deadline - performance.now();
    for (;;) {
      this.#session ??= new ProducerSession(this.#options);
      try {
        const sent = this.#session.send(records, timestamp, deadline);
        return await within(left(), sent, 'Kafka has not answered in time.');
      } catch (error) {
        this.#letGo();
        if (error instanceof BatchTooLarge || left() < retryMs) throw error;
        await sleep(retryMs);
      }
    }
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }

  #letGo(): void {
    // Its connections may never end well; nothing depends on how they do.
    this.#session?.close().catch(() => {});
    this.#session = undefined;
  }
}

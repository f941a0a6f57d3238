import type { KeptValues } from './kept-values.ts';
import { createPost, type PostOptions } from './post.ts';
import { createQueue, type Queued, type QueueLimits } from './queue.ts';
import { createSender, type Sender, type SenderOptions } from './sender.ts';
import type { WireEvent } from './wire-event.ts';

/** An event that will not be counted. */
export interface Problem {
  /** As it was, or would have been, sent. */
  readonly event: unknown;
  /**
   * Of the server (`unknown_event_type`, …: such an event is among its dead
   * letters), or `queue_full`, `outcome_unknown`, `not_json`, `closed`.
   */
  readonly code: string;
  readonly message: string;
}

export interface DeliveryOptions {
  readonly kept: KeptValues;
  readonly post: PostOptions;
  readonly limits: QueueLimits;
  readonly batch: QueueLimits;
  readonly waitMs: number;
  readonly dedupWindowMs: number;
  readonly refused: (problem: Problem) => void;
}

export interface Delivery extends Pick<Sender, 'leave' | 'resume'> {
  /** Never throws: what counts visits must not break what they came for. */
  add(id: string, event: WireEvent): void;
  /** Takes in what pages before this one did not get rid of. */
  adopt(): void;
  /** @returns how many events have no answer yet. */
  flush(): Promise<number>;
  /** Takes no more and tries until all is sent, or the time is over. @returns how many have no answer. */
  close(timeoutMs: number): Promise<number>;
  /** Forgets all that waits. */
  clear(): void;
}

const backoff: SenderOptions['backoff'] = { firstMs: 1_000, mostMs: 60_000 };

/** The way of an event to the server. */
export function createDelivery(options: DeliveryOptions): Delivery {
  let closed = false;
  // Apart from our own work: what the page does there may throw.
  const refuse = (event: unknown, code: string, message: string): void =>
    queueMicrotask(() => options.refused({ event, code, message }));
  const refuseQueued = ({ json }: Queued, code: string, message: string): void =>
    refuse(JSON.parse(json), code, message);
  const queue = createQueue({
    ...options,
    givenUp: (event) =>
      refuseQueued(
        event,
        'outcome_unknown',
        'It was sent as its page ended, too long ago to be sent again without counting twice.',
      ),
  });
  const sender = createSender({
    queue,
    post: createPost(options.post),
    batch: options.batch,
    waitMs: options.waitMs,
    backoff,
    refused: refuseQueued,
  });
  const flush = async (): Promise<number> => {
    await sender.flush();
    return queue.size;
  };

  return {
    leave: sender.leave,
    resume: sender.resume,
    add(id, event) {
      if (closed) return refuse(event, 'closed', 'The tracker was shut down.');
      let json: string;
      try {
        json = JSON.stringify(event);
      } catch (error) {
        return refuse(event, 'not_json', String(error));
      }
      if (!queue.add(id, json)) {
        return refuse(event, 'queue_full', `${queue.size} events wait to be sent.`);
      }
      sender.wake();
    },
    adopt() {
      queue.adopt();
      sender.wake();
    },
    flush,
    async close(timeoutMs) {
      closed = true;
      void sender.flush();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const timedOut = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([sender.emptied(), timedOut]);
      clearTimeout(timer);
      sender.stop();
      return queue.size;
    },
    clear: () => queue.clear(),
  };
}

/** What refusals come to where nobody asked for them. */
export function warn({ code, message }: Problem): void {
  console.warn(`millrace: an event was refused (${code}): ${message}`);
}

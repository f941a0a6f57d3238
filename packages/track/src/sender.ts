import type { Outcome, Post } from './post.ts';
import type { Queue, Queued, QueueLimits } from './queue.ts';

export interface Sender {
  /** There is an event more. */
  wake(): void;
  /**
   * Sends what waits, now, unless the server asked for a pause. Resolves once
   * each event that waits has its answer, or a try failed.
   */
  flush(): Promise<void>;
  /** Resolves once no event waits. */
  emptied(): Promise<void>;
  /** The network is back: what failed is tried at once. */
  resume(): void;
  /** The page may end now: sends what may outlive it. */
  leave(): void;
  /** Tries nothing more by itself. */
  stop(): void;
}

export interface SenderOptions {
  readonly queue: Queue;
  readonly post: Post;
  readonly batch: QueueLimits;
  /** How long an event waits for others. */
  readonly waitMs: number;
  /** Pauses between tries double from `firstMs` to `mostMs`; a random half is left off. */
  readonly backoff: { readonly firstMs: number; readonly mostMs: number };
  readonly refused: (event: Queued, code: string, message: string) => void;
}

/** Browsers let 64 KiB in all outlive their page; the envelope of the batch needs some. */
const keepaliveBytesMax = 60_000;

/** Sends the events of a queue, one request at a time, until each has its answer. */
export function createSender(options: SenderOptions): Sender {
  const { queue, post, waitMs, backoff } = options;
  let batch = options.batch;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sending: Promise<boolean> | undefined;
  let stopped = false;
  let bytesUnderWay = 0;
  let failures = 0;
  let waiters: (() => void)[] = [];
  /** How many events had their answer. */
  let settled = 0;
  /** By the server's wish, on a clock that nobody sets. */
  let pausedUntilMs = 0;

  const schedule = (delayMs: number): void => {
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      void drain();
    }, delayMs);
  };

  const backoffMs = (): number =>
    Math.min(backoff.firstMs * 2 ** (failures - 1), backoff.mostMs) * (0.5 + Math.random() / 2);

  /** @returns whether they have their answer. */
  const send = async (events: readonly Queued[]): Promise<boolean> => {
    const json = events.map((event) => event.json);
    // The clock of this device is corrected by what it says now, whatever it says.
    const body = `{"sent_at":${Date.now()},"batch":[${json.join()}]}`;
    const bytes = sizeOf(events);
    bytesUnderWay += bytes;
    const outcome = await post({ body, keepalive: bytesUnderWay <= keepaliveBytesMax });
    bytesUnderWay -= bytes;
    return settle(events, outcome);
  };

  const settle = (events: readonly Queued[], outcome: Outcome): boolean => {
    if (outcome.kind === 'failed') {
      queue.giveBack(events);
      failures += 1;
      pausedUntilMs = performance.now() + outcome.retryAfterMs;
      schedule(outcome.retryAfterMs + backoffMs());
      return false;
    }
    failures = 0;
    if (outcome.kind === 'too_large' && events.length > 1) {
      queue.giveBack(events);
      batch = { ...batch, eventsMax: Math.ceil(events.length / 2) };
      return true;
    }
    // What one large event, or one proxy on the way, did not let through others may.
    batch = { ...batch, eventsMax: Math.min(batch.eventsMax * 2, options.batch.eventsMax) };
    queue.remove(events);
    settled += events.length;
    const rejected =
      outcome.kind === 'answered'
        ? outcome.rejected
        : events.map((_, index) => ({ ...outcome, index }));
    for (const { index, code, message } of rejected) {
      const event = events[index];
      if (event) options.refused(event, code, message);
    }
    return true;
  };

  /** Sends the next batch, or waits for the one that is under way. @returns whether there may be more. */
  const next = (): Promise<boolean> => {
    sending ??= (async () => {
      const events = queue.take(batch, Date.now());
      return events.length > 0 && (await send(events));
    })().finally(() => {
      sending = undefined;
      wake();
    });
    return sending;
  };

  /** Until `goal` events had their answer, or a try failed. */
  const drain = async (goal = Number.POSITIVE_INFINITY): Promise<void> => {
    const restMs = pausedUntilMs - performance.now();
    if (restMs > 0) schedule(restMs);
    else while (settled < goal && (await next()));
  };

  const wake = (): void => {
    if (queue.size === 0) {
      for (const resolve of waiters) resolve();
      waiters = [];
    }
    if (queue.size === 0 || sending) return;
    if (failures > 0) {
      if (timer === undefined) schedule(backoffMs());
    } else if (queue.size >= batch.eventsMax) schedule(0);
    else if (timer === undefined) schedule(waitMs);
  };

  return {
    wake,
    flush: () => drain(settled + queue.size),
    async emptied() {
      if (queue.size > 0) await new Promise<void>((resolve) => waiters.push(resolve));
    },
    resume() {
      if (failures > 0) schedule(0);
    },
    leave() {
      if (performance.now() < pausedUntilMs) return;
      const bytesMax = keepaliveBytesMax - bytesUnderWay;
      const events = queue.take({ ...batch, bytesMax }, Date.now());
      if (sizeOf(events) > bytesMax) queue.giveBack(events);
      else if (events.length > 0) void send(events).finally(wake);
      queue.leave(Date.now());
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

const sizeOf = (events: readonly Queued[]): number =>
  events.reduce((bytes, event) => bytes + event.bytes + 1, 0);

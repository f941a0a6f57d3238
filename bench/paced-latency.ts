import { setTimeout as sleep } from 'node:timers/promises';
import { Generator } from './generator.ts';
import { checkStored, countStored, untilStored } from './server.ts';

export interface PacedLatencyOptions {
  /** Where events are sent. */
  readonly collector: string;
  /** Where is asked what can be queried: the same, where one process does both. */
  readonly query: string;
  readonly eventsPerSecond: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Between two questions. */
  readonly pollMs: number;
}

export interface PacedLatency {
  /** What was reached. */
  readonly eventsPerSecond: number;
  /** From each answer until its events could be queried. */
  readonly ms: readonly number[];
}

const load = { connections: 8, eventsPerRequest: 100 };

/** Time from answer to queryable at some rate. */
export async function pacedLatency(options: PacedLatencyOptions): Promise<PacedLatency> {
  const { collector, query, eventsPerSecond, seconds, warmUpSeconds, pollMs } = options;
  const ms: number[] = [];
  let waiting: { readonly events: number; readonly atMs: number }[] = [];
  let measuring = false;
  const generator: Generator = await Generator.open(collector, {
    ...load,
    // Which of the requests under way are in the log before this one is not
    // known, so it counts as stored once all that had begun by now are.
    onAnswer: ({ atMs }) => {
      if (measuring) waiting.push({ events: generator.sent, atMs });
    },
  });
  await generator.send({ seconds: warmUpSeconds, eventsPerSecond });
  await untilStored(query, generator.sent);

  measuring = true;
  let sending = true;
  const from = { sent: generator.sent, atMs: performance.now() };
  const done = generator.send({ seconds, eventsPerSecond }).finally(() => {
    sending = false;
  });
  while (sending || waiting.length > 0) {
    const stored = await countStored(query);
    const now = performance.now();
    for (const { events, atMs } of waiting) if (events <= stored) ms.push(now - atMs);
    waiting = waiting.filter(({ events }) => events > stored);
    await sleep(pollMs);
  }
  await done;
  const reached = ((generator.sent - from.sent) / (performance.now() - from.atMs)) * 1000;
  generator.close();
  await checkStored(query, generator.sent);
  return { eventsPerSecond: reached, ms };
}

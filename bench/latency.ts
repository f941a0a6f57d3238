import { setTimeout as sleep } from 'node:timers/promises';
import { Generator } from './generator.ts';
import { checkStored, countStored, pollMs, untilStored, withServer } from './server.ts';
import { percentile } from './statistics.ts';
import { numbersTable, whole } from './table.ts';

export interface LatencyOptions {
  /** What the server takes at most in batches; it is asked for a tenth and for half of it. */
  readonly fullRate: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export interface Latencies {
  readonly share: number;
  readonly eventsPerSecond: number;
  /** From each answer until its events could be queried. */
  readonly ms: readonly number[];
}

const load = { connections: 8, eventsPerRequest: 100 };

/** Time from answer to queryable, at a tenth and at half of the full rate. */
export async function latencies(
  options: LatencyOptions,
  say: (line: string) => void,
): Promise<readonly Latencies[]> {
  const measured: Latencies[] = [];
  for (const share of [0.1, 0.5]) {
    const one = await latencyAt(share, options);
    measured.push(one);
    say(`at ${one.share} of the full rate: p99 ${percentile(one.ms, 0.99).toFixed(0)} ms`);
  }
  return measured;
}

function latencyAt(
  share: number,
  { fullRate, seconds, warmUpSeconds }: LatencyOptions,
): Promise<Latencies> {
  return withServer(async ({ url }) => {
    const eventsPerSecond = fullRate * share;
    const ms: number[] = [];
    let waiting: { readonly events: number; readonly atMs: number }[] = [];
    let measuring = false;
    const generator: Generator = await Generator.open(url, {
      ...load,
      // Which of the requests under way are in the log before this one is not
      // known, so it counts as stored once all that had begun by now are.
      onAnswer: ({ atMs }) => {
        if (measuring) waiting.push({ events: generator.sent, atMs });
      },
    });
    await generator.send({ seconds: warmUpSeconds, eventsPerSecond });
    await untilStored(url, generator.sent);

    measuring = true;
    let sending = true;
    const from = { sent: generator.sent, atMs: performance.now() };
    const done = generator.send({ seconds, eventsPerSecond }).finally(() => {
      sending = false;
    });
    while (sending || waiting.length > 0) {
      const stored = await countStored(url);
      const now = performance.now();
      for (const { events, atMs } of waiting) if (events <= stored) ms.push(now - atMs);
      waiting = waiting.filter(({ events }) => events > stored);
      await sleep(pollMs);
    }
    await done;
    const reached = ((generator.sent - from.sent) / (performance.now() - from.atMs)) * 1000;
    generator.close();
    await checkStored(url, generator.sent);
    return { share, eventsPerSecond: reached, ms };
  });
}

export function latencyTable(measured: readonly Latencies[]): string {
  return numbersTable(
    ['share of the full rate', 'events/s', 'samples', 'p50 ms', 'p99 ms', 'max ms'],
    measured.map(({ share, eventsPerSecond, ms }) => [
      String(share),
      whole(eventsPerSecond),
      whole(ms.length),
      ...[0.5, 0.99, 1].map((part) => whole(percentile(ms, part))),
    ]),
  );
}

import { type PacedLatency, pacedLatency } from './paced-latency.ts';
import { pollMs, withServer } from './server.ts';
import { percentile } from './statistics.ts';
import { numbersTable, whole } from './table.ts';

export interface LatencyOptions {
  /** What the server takes at most in batches; it is asked for a tenth and for half of it. */
  readonly fullRate: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export interface Latencies extends PacedLatency {
  readonly share: number;
}

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

async function latencyAt(
  share: number,
  { fullRate, seconds, warmUpSeconds }: LatencyOptions,
): Promise<Latencies> {
  const measured = await withServer(({ url }) =>
    pacedLatency({
      ...{ collector: url, query: url, pollMs },
      ...{ eventsPerSecond: fullRate * share, seconds, warmUpSeconds },
    }),
  );
  return { share, ...measured };
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

import { processCpuMicros } from './cpu.ts';
import type { Load } from './end-to-end.ts';
import { Generator } from './generator.ts';
import { percentile } from './statistics.ts';

export interface LoadPhase {
  readonly eventsPerSecond: number;
  /** Of the process that answers, µs an event. */
  readonly cpuMicros: number;
  readonly answerMs: { readonly p50: number; readonly p99: number };
}

export interface LoadPhaseOptions {
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** What a process that takes events does under a load, once it is warm. */
export async function loadPhase(
  { url, pid }: { readonly url: string; readonly pid: number },
  load: Load,
  { seconds, warmUpSeconds }: LoadPhaseOptions,
): Promise<LoadPhase> {
  const answers: number[] = [];
  const generator = await Generator.open(url, {
    ...load,
    onAnswer: ({ tookMs }) => answers.push(tookMs),
  });
  await generator.send({ seconds: warmUpSeconds });
  answers.length = 0;
  const before = { sent: generator.sent, cpu: processCpuMicros(pid), at: performance.now() };
  await generator.send({ seconds });
  const events = generator.sent - before.sent;
  generator.close();
  return {
    eventsPerSecond: (events / (performance.now() - before.at)) * 1_000,
    cpuMicros: (processCpuMicros(pid) - before.cpu) / events,
    answerMs: { p50: percentile(answers, 0.5), p99: percentile(answers, 0.99) },
  };
}

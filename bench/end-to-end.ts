import { ownCpuMicros, processCpuMicros } from './cpu.ts';
import { Generator } from './generator.ts';
import { type InsertPhase, insertPhase } from './reference.ts';
import { checkStored, countStored, untilStored, withServer } from './server.ts';
import { median, percentile } from './statistics.ts';
import { numbersTable, whole } from './table.ts';

export interface EndToEndOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export interface ServerPhase {
  readonly events: number;
  /** From the first request until all of it could be queried. */
  readonly seconds: number;
  /** CPU of the server and of the generator, µs an event. */
  readonly cpuMicros: number;
  readonly generatorCpuMicros: number;
  /** Answered, but not yet to be queried when sending ended. */
  readonly backlog: number;
  readonly refusals: number;
  /** From request to answer. */
  readonly answerMs: { readonly p50: number; readonly p99: number };
}

export interface Load {
  readonly eventsPerRequest: number;
  readonly connections: number;
}

export const batches: Load = { eventsPerRequest: 500, connections: 16 };
export const single: Load = { eventsPerRequest: 1, connections: 64 };

/** As many events as a server in a process of its own takes, until each can be queried. */
export function serverPhase(
  load: Load,
  { seconds, warmUpSeconds }: Omit<EndToEndOptions, 'rounds'>,
): Promise<ServerPhase> {
  return withServer(async ({ url, pid }) => {
    const answers: number[] = [];
    const onAnswer = ({ tookMs }: { readonly tookMs: number }) => answers.push(tookMs);
    const generator = await Generator.open(url, { ...load, onAnswer });
    await generator.send({ seconds: warmUpSeconds });
    await untilStored(url, generator.sent);

    answers.length = 0;
    const before = {
      sent: generator.sent,
      cpu: processCpuMicros(pid),
      ownCpu: ownCpuMicros(),
      at: performance.now(),
    };
    await generator.send({ seconds });
    const backlog = generator.sent - (await countStored(url));
    await untilStored(url, generator.sent);
    const events = generator.sent - before.sent;
    const measured = {
      events,
      seconds: (performance.now() - before.at) / 1000,
      cpuMicros: (processCpuMicros(pid) - before.cpu) / events,
      generatorCpuMicros: (ownCpuMicros() - before.ownCpu) / events,
      backlog,
      refusals: generator.refusals,
      answerMs: { p50: percentile(answers, 0.5), p99: percentile(answers, 0.99) },
    };
    generator.close();
    await checkStored(url, generator.sent);
    return measured;
  });
}

export interface Round {
  readonly reference: InsertPhase;
  readonly own: InsertPhase;
  readonly batches: ServerPhase;
  readonly single: ServerPhase;
}

/** Each way in turn, several times, so that what else the machine does falls on all of them. */
export async function endToEnd(
  { rounds, ...options }: EndToEndOptions,
  say: (line: string) => void,
): Promise<readonly Round[]> {
  const { seconds, warmUpSeconds } = options;
  const done: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const reference = await insertPhase('reference', seconds, warmUpSeconds);
    const own = await insertPhase('own', seconds, warmUpSeconds);
    const inBatches = await serverPhase(batches, options);
    const oneByOne = await serverPhase(single, options);
    done.push({ reference, own, batches: inBatches, single: oneByOne });
    const rates = [reference, own, inBatches, oneByOne].map((phase) => whole(rate(phase)));
    say(`round ${round} of ${rounds}: ${rates.join(', ')} events/s`);
  }
  return done;
}

export const rate = ({ events, seconds }: { events: number; seconds: number }): number =>
  events / seconds;

const ways: { readonly [way in keyof Round]: string } = {
  reference: 'reference: bare chDB inserts of 20,000',
  own: "the same inserts into Millrace's tables",
  batches: 'Millrace over HTTP, batches of 500',
  single: 'Millrace over HTTP, single events',
};

export function endToEndTables(rounds: readonly Round[]): string {
  const rows = (['reference', 'own', 'batches', 'single'] as const).map((way) => {
    const rates = rounds.map((round) => rate(round[way]));
    const ratios = rounds.map((round) => rate(round[way]) / rate(round.reference));
    return [
      ways[way],
      whole(median(rates)),
      `${whole(Math.min(...rates))}–${whole(Math.max(...rates))}`,
      median(ratios).toFixed(2),
      ratios.map((ratio) => ratio.toFixed(2)).join(', '),
      median(rounds.map((round) => round[way].cpuMicros)).toFixed(1),
    ];
  });
  const served = (['batches', 'single'] as const).map((way) => {
    const phases = rounds.map((round) => round[way]);
    const middle = (value: (phase: ServerPhase) => number): number => median(phases.map(value));
    return [
      ways[way],
      whole(phases.reduce((sum, { events }) => sum + events, 0)),
      middle(({ answerMs }) => answerMs.p50).toFixed(1),
      middle(({ answerMs }) => answerMs.p99).toFixed(1),
      whole(middle(({ backlog }) => backlog)),
      whole(phases.reduce((sum, { refusals }) => sum + refusals, 0)),
      middle(({ generatorCpuMicros }) => generatorCpuMicros).toFixed(1),
    ];
  });
  return [
    numbersTable(
      ['way', 'events/s, median', 'min–max', 'ratio, median', 'each round', 'CPU µs/event'],
      rows,
    ),
    numbersTable(
      [
        'way',
        'events in all',
        'answer p50 ms',
        'p99 ms',
        'backlog at the end',
        '503s',
        'generator CPU µs/event',
      ],
      served,
    ),
  ].join('\n\n');
}

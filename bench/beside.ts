import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './ask.ts';
import { Generator } from './generator.ts';
import { dayMs, days, weekByHour } from './questions.ts';

/** What goes on beside what is measured. */
export interface Beside {
  /** Events that were sent meanwhile, and answers that told to come again. */
  readonly sent: number;
  readonly refusals: number;
  /** From each question to its answer. */
  readonly questionMs: readonly number[];
}

export interface BesideOptions {
  readonly eventsPerSecond: number;
  /** The number of the first event, which no other event may have. */
  readonly first: number;
}

const load = { connections: 4, eventsPerRequest: 100 };
/** Between an answer and the next question. */
const restMs = 200;

/** Does the work while events come at some rate and one asker asks, another question each time. */
export async function beside<Result>(
  url: string,
  { eventsPerSecond, first }: BesideOptions,
  work: () => Promise<Result>,
): Promise<readonly [Result, Beside]> {
  const generator = await Generator.open(url, { ...load, first });
  const questionMs: number[] = [];
  let isOver = false;
  const sending = async (): Promise<void> => {
    while (!isOver) await generator.send({ seconds: 1, eventsPerSecond });
  };
  const untilMs = Math.ceil(Date.now() / dayMs) * dayMs;
  const question = weekByHour({ sinceMs: untilMs - days * dayMs, untilMs });
  const asking = async (): Promise<void> => {
    while (!isOver) {
      const at = performance.now();
      await ask(url, '/v1/query', question.asked('rollup'));
      questionMs.push(performance.now() - at);
      await sleep(restMs);
    }
  };
  const others = Promise.all([sending(), asking()]);
  try {
    const result = await work();
    isOver = true;
    await others;
    return [result, { sent: generator.sent - first, refusals: generator.refusals, questionMs }];
  } finally {
    isOver = true;
    generator.close();
  }
}

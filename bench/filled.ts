import { type Range, spread } from './ask.ts';
import { Generator } from './generator.ts';
import { untilStored, withServer } from './server.ts';
import { whole } from './table.ts';

export interface Filled {
  readonly url: string;
  /** Whole days, the last before the one under way. */
  readonly week: Range;
  /** What it sends happens now. */
  readonly generator: Generator;
}

const dayMs = 86_400_000;
const load = { connections: 16, eventsPerRequest: 500 };

/** Runs `work` against a server with so many events, spread over a week and the day under way. */
export const withFilled = <Result>(
  events: number,
  say: (line: string) => void,
  work: (filled: Filled) => Promise<Result>,
): Promise<Result> =>
  withServer(async ({ url }) => {
    const nowMs = Date.now();
    const untilMs = Math.floor(nowMs / dayMs) * dayMs;
    const week = { sinceMs: untilMs - 7 * dayMs, untilMs };
    const filling = { sinceMs: week.sinceMs, untilMs: nowMs };
    const generator = await Generator.open(url, {
      ...load,
      timeOf: (sent) =>
        sent < events ? spread(sent / load.eventsPerRequest, filling) : new Date(),
    });
    await generator.send({ seconds: Number.POSITIVE_INFINITY, events });
    await untilStored(url, generator.sent);
    say(`${whole(generator.sent)} events are stored`);
    const result = await work({ url, week, generator });
    generator.close();
    return result;
  }, 'kinds.config.ts');

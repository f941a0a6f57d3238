import { askPatiently } from './ask.ts';
import { withFilled } from './filled.ts';
import type { Generator } from './generator.ts';
import { shown, tables } from './kinds.ts';
import { type AskedKind, kindsAsked, nextSerial } from './kinds-asked.ts';
import { untilStored } from './server.ts';
import { numbersTable, whole } from './table.ts';

export interface AskersOptions {
  /** Stored before the first question, over a week and the day under way. */
  readonly events: number;
  /** How long the askers of each row ask each way. */
  readonly seconds: number;
  /** What comes meanwhile. */
  readonly eventsPerSecond: number;
}

export interface Crowd {
  readonly kind: AskedKind;
  readonly askers: number;
  readonly cold: Asked;
  readonly aged: Asked;
}

interface Asked {
  readonly ms: readonly number[];
  readonly comeAgain: number;
  readonly stopped: number;
}

/** How many ask at once. */
const crowdSizes = [1, 50] as const;
const age = '5s';

/** How long one asker and many wait for each kind of answer while events flow in. */
export const askers = (
  { events, seconds, eventsPerSecond }: AskersOptions,
  say: (line: string) => void,
): Promise<readonly Crowd[]> =>
  withFilled(events, say, async ({ url, week, generator }) => {
    const measured: Crowd[] = [];
    for (const kind of kindsAsked(week)) {
      for (const count of crowdSizes) {
        const asked = (body: () => string): Promise<Asked> =>
          whileSending(generator, eventsPerSecond, () => askFor(seconds, count, url, body));
        const cold = await asked(() => kind.asked(nextSerial()));
        const same = kind.asked(nextSerial(), age);
        const aged = await asked(() => same);
        measured.push({ kind, askers: count, cold, aged });
        const p99s = [cold, aged].map(({ ms }) => shown(ms)[1]);
        say(`${kind.name}, ${kind.from}, ${count} askers: p99 ${p99s.join(', ')} ms`);
      }
    }
    await untilStored(url, generator.sent);
    return measured;
  });

/** Sends until the work has ended, however long the last of it takes. */
async function whileSending<Result>(
  generator: Generator,
  eventsPerSecond: number,
  work: () => Promise<Result>,
): Promise<Result> {
  let isOver = false;
  const sending = async (): Promise<void> => {
    while (!isOver) await generator.send({ seconds: 1, eventsPerSecond });
  };
  const working = work().finally(() => {
    isOver = true;
  });
  const [result] = await Promise.all([working, sending()]);
  return result;
}

/** Each of so many asks again as soon as it has its answer. */
async function askFor(
  seconds: number,
  count: number,
  url: string,
  body: () => string,
): Promise<Asked> {
  const ms: number[] = [];
  let comeAgain = 0;
  let stopped = 0;
  const until = performance.now() + seconds * 1000;
  const asker = async (): Promise<void> => {
    while (performance.now() < until) {
      const at = performance.now();
      const answered = await askPatiently(url, body());
      comeAgain += answered.comeAgain;
      if (answered.stopped) stopped += 1;
      else ms.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: count }, asker));
  return { ms, comeAgain, stopped };
}

export const askersTable = (measured: readonly Crowd[]): string =>
  numbersTable(
    [
      'question',
      'from',
      'askers',
      'new p50 ms',
      'p99',
      'at most 5 s old p50 ms',
      'p99',
      'told to come again',
      'stopped',
    ],
    measured.map(({ kind, askers: count, cold, aged }) => [
      kind.name,
      tables[kind.from],
      String(count),
      ...[cold.ms, aged.ms].flatMap(shown),
      whole(cold.comeAgain + aged.comeAgain),
      whole(cold.stopped + aged.stopped),
    ]),
  );

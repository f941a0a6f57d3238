import { isDeepStrictEqual } from 'node:util';
import { ask } from './ask.ts';
import { withFilled } from './filled.ts';
import { type AskedKind, kindsAsked, nextSerial } from './kinds-asked.ts';
import { median, percentile } from './statistics.ts';
import { numbersTable } from './table.ts';

export interface KindsOptions {
  /** Stored before the first question, over a week and the day under way. */
  readonly events: number;
  /** How often each question is asked each way while nothing else happens. */
  readonly rounds: number;
}

export interface Kinds {
  readonly kinds: readonly KindMs[];
}

/** How long each answer took, by how it came about. */
interface KindMs {
  readonly kind: AskedKind;
  readonly cold: readonly number[];
  readonly cached: readonly number[];
  readonly byHand: readonly number[];
}

/** Each kind of question, cold and cached, against the same in SQL by hand, over a store at rest. */
export function kinds(
  { events, rounds }: KindsOptions,
  say: (line: string) => void,
): Promise<Kinds> {
  return withFilled(events, say, async ({ url, week }) => {
    const measured: KindMs[] = [];
    for (const kind of kindsAsked(week)) {
      await checkEqual(url, kind);
      const ms = await inTurn(url, kind, rounds);
      measured.push(ms);
      const [cold, hand] = [ms.cold, ms.byHand].map((of) => median(of).toFixed(1));
      say(`${kind.name}, ${kind.from}: ${cold} ms, by hand ${hand} ms`);
    }
    return { kinds: measured };
  });
}

const triesMax = 3;

/** A minute may end between two answers about now. */
async function checkEqual(url: string, kind: AskedKind): Promise<void> {
  let found: readonly unknown[] = [];
  for (let tries = 0; tries < triesMax; tries += 1) {
    found = await Promise.all([
      ask(url, '/v1/query', kind.asked(nextSerial())).then((rows) => without(kind, rows)),
      ask(url, '/sql', kind.byHand(Date.now())),
    ]);
    if (isDeepStrictEqual(found[0], found[1])) return;
  }
  const [one, other] = found.map((rows) => JSON.stringify(rows).slice(0, 1_000));
  throw new Error(`the answers to "${kind.name}" from the ${kind.from} differ:\n${one}\n${other}`);
}

function without({ without: left = [] }: AskedKind, rows: unknown): unknown {
  if (!Array.isArray(rows)) return rows;
  return rows.map((row: object) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !left.includes(name))),
  );
}

/** In turn, so that what else the machine does falls on all of them. */
async function inTurn(url: string, kind: AskedKind, rounds: number): Promise<KindMs> {
  const ms: { readonly [way in 'cold' | 'cached' | 'byHand']: number[] } = {
    cold: [],
    cached: [],
    byHand: [],
  };
  const timed = async (into: number[], asking: () => Promise<unknown>): Promise<void> => {
    const at = performance.now();
    await asking();
    into.push(performance.now() - at);
  };
  for (let round = 0; round < rounds; round += 1) {
    const question = kind.asked(nextSerial());
    await timed(ms.cold, () => ask(url, '/v1/query', question));
    await timed(ms.cached, () => ask(url, '/v1/query', question));
    await timed(ms.byHand, () => ask(url, '/sql', kind.byHand(Date.now())));
  }
  return { kind, ...ms };
}

export const tables: { readonly [from in AskedKind['from']]: string } = {
  rollup: 'a rollup',
  events: 'the events',
};

export const kindsTable = ({ kinds: measured }: Kinds): string =>
  numbersTable(
    [
      'question',
      'from',
      'cold p50 ms',
      'p99',
      'cached p50 ms',
      'p99',
      'by hand p50 ms',
      'p99',
      'cold / by hand',
    ],
    measured.map(({ kind, cold, cached, byHand }) => [
      kind.name,
      tables[kind.from],
      ...[cold, cached, byHand].flatMap(shown),
      (median(cold) / median(byHand)).toFixed(2),
    ]),
  );

export const shown = (ms: readonly number[]): string[] =>
  ms.length === 0 ? ['', ''] : [median(ms), percentile(ms, 0.99)].map((value) => value.toFixed(1));

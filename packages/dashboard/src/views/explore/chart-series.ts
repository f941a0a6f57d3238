import type { Series } from '../../parts/time-chart.tsx';
import type { AnswerRow } from '../../question/answer.ts';
import { gapsMarked } from '../../question/gaps.ts';
import { type Every, widthsMs } from '../../question/range.ts';

export interface Charted {
  /** Seconds since the epoch. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
}

/** What an answer has beside a measure, in columns that end so: of the period before, or the ends of an interval. */
export type Beside = 'previous' | 'low' | 'high';

export interface ChartedMeasure {
  readonly name: string;
  /** Of quantiles: a line each. */
  readonly levels: readonly number[];
  readonly beside: readonly Beside[];
}

type Names = { readonly group: (row: AnswerRow) => string } & {
  readonly [each in Beside]: (label: string) => string;
};

/** One measure of an answer as lines over time: of each group, each level, and of what stands beside it. */
export function chartedOf(
  rows: readonly AnswerRow[],
  { name, levels, beside }: ChartedMeasure,
  every: Every,
  names: Names,
): Charted {
  const times = gapsMarked(
    [...new Set(rows.map(({ bucket }) => Date.parse(String(bucket)) / 1_000))].sort(
      (a, b) => a - b,
    ),
    widthsMs[every] / 1_000,
  );
  const places = new Map(times.map((time, place) => [time, place]));
  const groups = grouped(rows, names.group);
  const lines = [...groups].flatMap(([group, of]) =>
    (levels.length > 0 ? levels : [null]).map((level, at) => ({
      label: [group, level].filter((part) => part !== null && part !== '').join(' ') || name,
      valuesOf: (column: string) => valuesOf(of, column, level === null ? null : at, places),
    })),
  );
  const own = lines.map(({ label, valuesOf: values }) => ({ label, values: values(name) }));
  const broken = beside.flatMap((each) =>
    lines.map(({ label, valuesOf: values }, besideOf) => ({
      label: names[each](label),
      values: values(`${name}_${each}`),
      besideOf,
    })),
  );
  return { times, series: [...own, ...broken] };
}

function grouped(
  rows: readonly AnswerRow[],
  nameOf: (row: AnswerRow) => string,
): ReadonlyMap<string, readonly AnswerRow[]> {
  const groups = new Map<string, AnswerRow[]>();
  for (const row of rows) {
    const name = nameOf(row);
    const group = groups.get(name);
    if (group) group.push(row);
    else groups.set(name, [row]);
  }
  return groups;
}

function valuesOf(
  rows: readonly AnswerRow[],
  column: string,
  level: number | null,
  places: ReadonlyMap<number, number>,
): readonly (number | null)[] {
  const values = new Array<number | null>(places.size).fill(null);
  for (const row of rows) {
    const place = places.get(Date.parse(String(row.bucket)) / 1_000);
    if (place !== undefined) values[place] = numberOf(row[column], level);
  }
  return values;
}

/** To be drawn: a picture needs no more digits than a float has. */
function numberOf(value: AnswerRow[string] | undefined, level: number | null): number | null {
  const one = Array.isArray(value) ? value[level ?? 0] : value;
  return one === null || one === undefined ? null : Number(one);
}

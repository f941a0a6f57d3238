import type { RollupDescription } from '../../api/pipeline.ts';
import { quoted } from '../../api/sql.ts';

type Measure = RollupDescription['measures'][number];

/** What a card asks: rows of a label, then of a value for each column. */
export interface CardQuestion {
  readonly name: string;
  /** The rollup it is of; null for refusals. */
  readonly rollup: RollupDescription | null;
  readonly span: 'today' | 'thisWeek' | 'thisMonth' | 'newest';
  readonly columns: readonly string[];
  /** The name of a dimension, or words of the page. */
  readonly heading: string | null;
  readonly sql: string;
}

const rowsMax = 6;
const columnsMax = 3;

/** How totals of buckets are made of the buckets' own. Others need the states behind them. */
const mergeable: ReadonlyMap<string, string> = new Map([
  ['count', 'sum'],
  ['sum', 'sum'],
  ['min', 'min'],
  ['max', 'max'],
]);

/** How the start of a bucket is written. */
const bucketFormats: { readonly [every: string]: string } = {
  second: '%T',
  minute: '%H:%i',
  hour: '%H:%i',
};

const startOfToday = 'toStartOfDay(now())';
const periods: {
  readonly [every: string]: { readonly span: CardQuestion['span']; readonly start: string };
} = {
  week: { span: 'thisWeek', start: 'toMonday(now())' },
  month: { span: 'thisMonth', start: 'toStartOfMonth(now())' },
};

/**
 * The totals of a rollup's present day by its first dimension, or, where the
 * measures cannot be added up, its newest buckets.
 */
export function rollupQuestion(rollup: RollupDescription): CardQuestion {
  const totals = rollup.measures.filter(({ kind }) => mergeable.has(kind));
  return totals.length > 0
    ? totalsOf(rollup, totals.slice(0, columnsMax))
    : newestOf(rollup, rollup.measures.slice(0, columnsMax));
}

function totalsOf(rollup: RollupDescription, columns: readonly Measure[]): CardQuestion {
  const { name, every } = rollup;
  const [dimension] = rollup.by;
  const { span, start } = periods[every] ?? { span: 'today', start: startOfToday };
  const sums = columns.map((measure) => `${mergeable.get(measure.kind)}(${quoted(measure.name)})`);
  return {
    name,
    rollup,
    span,
    columns: columns.map((measure) => measure.name),
    heading: dimension ?? null,
    sql: `SELECT ${dimension === undefined ? 'NULL' : `toString(${quoted(dimension)})`}, ${sums.join(', ')}
      FROM ${quoted(name)} WHERE bucket >= ${start} GROUP BY 1
      ORDER BY ${sums[0]} DESC LIMIT ${rowsMax} FORMAT JSONCompactEachRow`,
  };
}

function newestOf(rollup: RollupDescription, columns: readonly Measure[]): CardQuestion {
  const { name, every } = rollup;
  const dimension = rollup.by.slice(0, 1);
  const label = [
    `formatDateTime(bucket, '${bucketFormats[every] ?? '%F'}')`,
    ...dimension.map((each) => `' ', ifNull(toString(${quoted(each)}), '')`),
    "''",
  ];
  const values = columns.map((measure) => quoted(measure.name));
  return {
    name,
    rollup,
    span: 'newest',
    columns: columns.map((measure) => measure.name),
    heading: ['UTC', ...dimension].join(', '),
    sql: `SELECT concat(${label.join(', ')}), ${values.join(', ')}
      FROM ${quoted(name)} WHERE bucket >= now() - INTERVAL ${rowsMax} ${every.toUpperCase()}
      ORDER BY bucket DESC LIMIT ${rowsMax} FORMAT JSONCompactEachRow`,
  };
}

/** What was refused today, and kept. */
export const refusalsQuestion: CardQuestion = {
  name: 'dead_letters',
  rollup: null,
  span: 'today',
  columns: [],
  heading: null,
  sql: `SELECT code, count() FROM dead_letters WHERE received_at >= ${startOfToday}
    GROUP BY 1 ORDER BY 2 DESC LIMIT ${rowsMax} FORMAT JSONCompactEachRow`,
};

import { between, type Range, sqlTime } from './ask.ts';

/** A question of each kind, and the same written by hand in SQL, with the same rows. */
export interface AskedKind {
  readonly name: string;
  /** The table that answers. */
  readonly from: 'rollup' | 'events';
  /** As JSON; another for each `serial`, so that nobody has asked it before, yet of the same rows and cost. */
  asked(serial: number, age?: string): string;
  /** At this moment (epoch ms). */
  byHand(nowMs: number): string;
  /** Columns that the SQL by hand does without. */
  readonly without?: readonly string[];
}

const minuteMs = 60_000;
const types = ['view', 'click', 'add_to_cart', 'purchase'];
const browsing = types.slice(0, 3);
const counts = { events: { kind: 'count' }, amount: { kind: 'sum', field: 'price' } };
const hourMs = 60 * minuteMs;
/** Before the range that is asked of: so that the question is another. */
const earlierBy = (serial: number, stepMs: number): number => (1 + (serial % 1_000)) * stepMs;
/** Beyond all rows. */
const limit = 10_000;
const sum = 'ifNull(sum(properties.price), 0)';

/** @param week begins and ends with a day; a part of it may be asked of. */
export const kindsAsked = (week: Range): readonly AskedKind[] => [
  ...ofEither(week, {
    name: 'series by hour and type; count, sum',
    question: { from: types, every: 'hour', by: ['type'], measures: counts, limit },
    stepMs: minuteMs,
    ofRollup: (range) => `
      SELECT toStartOfHour(bucket) AS bucket, type, sum(events) AS events, sum(amount) AS amount
      FROM by_minute WHERE ${between('by_minute.bucket', range)} GROUP BY ALL ORDER BY ALL`,
    ofEvents: (range) => `
      SELECT toStartOfHour(timestamp) AS bucket, type, count() AS events, ${sum} AS amount
      FROM events WHERE ${between('timestamp', range)} GROUP BY ALL ORDER BY ALL`,
  }),
  ...ofEither(week, {
    name: 'totals; count, sum',
    question: { from: types, measures: counts, limit },
    stepMs: minuteMs,
    ofRollup: (range) => `
      SELECT sum(events) AS events, sum(amount) AS amount
      FROM by_minute WHERE ${between('bucket', range)}`,
    ofEvents: (range) => `
      SELECT count() AS events, ${sum} AS amount FROM events WHERE ${between('timestamp', range)}`,
  }),
  ...ofEither(week, {
    name: 'top 10 of 5,000 products, and all others',
    question: {
      ...{ from: browsing, by: ['product_id'], measures: counts },
      ...{ order: { amount: 'desc' }, limit: 10, other: true },
    },
    stepMs: hourMs,
    ofRollup: (range) =>
      topByHand(`
        SELECT product_id, sum(events) AS events, sum(amount) AS amount
        FROM by_product WHERE ${between('bucket', range)} GROUP BY product_id`),
    ofEvents: (range) =>
      topByHand(`
        SELECT properties.product_id AS product_id, count() AS events, ${sum} AS amount
        FROM events WHERE type IN (${listOf(browsing)}) AND ${between('timestamp', range)}
        GROUP BY product_id`),
  }),
  funnel(week),
  retention(week),
  sessions(week),
  live(),
];

interface EitherKind {
  readonly name: string;
  readonly question: object;
  /** The width of the rollup's buckets. */
  readonly stepMs: number;
  ofRollup(range: Range): string;
  ofEvents(range: Range): string;
}

/** Milliseconds before a bucket begins a rollup knows nothing of. */
const ofEither = (week: Range, kind: EitherKind): readonly AskedKind[] =>
  (['rollup', 'events'] as const).map((from) => ({
    name: kind.name,
    from,
    asked: (serial, age) =>
      JSON.stringify({
        ...kind.question,
        ...{
          since: week.sinceMs - earlierBy(serial, from === 'rollup' ? kind.stepMs : 1),
          until: week.untilMs,
          age,
        },
      }),
    byHand: () => (from === 'rollup' ? kind.ofRollup(week) : kind.ofEvents(week)),
  }));

const topByHand = (products: string): string => `
  SELECT toBool(beyond) AS other, if(beyond, NULL, product_id) AS product_id,
         sum(events) AS events, sum(amount) AS amount
  FROM (SELECT *, row_number() OVER (ORDER BY amount DESC, product_id) > 10 AS beyond
        FROM (${products}))
  GROUP BY ALL ORDER BY other, amount DESC`;

const funnel = (week: Range): AskedKind => {
  const withinMs = 60 * minuteMs;
  return {
    name: 'funnel of three steps within an hour',
    from: 'events',
    asked: (serial, age) =>
      JSON.stringify({
        ...{
          kind: 'funnel',
          steps: [{ from: 'view' }, { from: 'add_to_cart' }, { from: 'purchase' }],
        },
        ...{
          within: '1h',
          since: week.sinceMs - earlierBy(serial, 1),
          until: week.untilMs,
          limit,
          age,
        },
      }),
    byHand: () => `
      SELECT step, ['view', 'add_to_cart', 'purchase'][step] AS event,
             [view, cart, purchase][step] AS people,
             people / view AS conversion, people / [view, view, cart][step] AS step_conversion
      FROM (
        SELECT countIf(level >= 1) AS view, countIf(level >= 2) AS cart, countIf(level >= 3) AS purchase
        FROM (
          SELECT windowFunnel(${withinMs})(
                   toUInt64(toUnixTimestamp64Milli(timestamp)),
                   type = 'view' AND timestamp < ${sqlTime(week.untilMs)},
                   type = 'add_to_cart', type = 'purchase') AS level
          FROM events
          WHERE type IN ('view', 'add_to_cart', 'purchase') AND user_id IS NOT NULL
            AND ${between('timestamp', { ...week, untilMs: week.untilMs + withinMs + 1 })}
          GROUP BY user_id))
      ARRAY JOIN [1, 2, 3] AS step ORDER BY step`,
    without: ['duration_ms'],
  };
};

const retention = ({ sinceMs, untilMs }: Range): AskedKind => ({
  name: 'retention by day: who views, and buys',
  from: 'events',
  asked: (serial, age) =>
    JSON.stringify({
      ...{ kind: 'retention', every: 'day', first: { from: 'view' }, return: { from: 'purchase' } },
      ...{ since: sinceMs - earlierBy(serial, 1), until: untilMs, limit, age },
    }),
  byHand: () => `
    SELECT cohort, people, toInt32(after) AS period, came[after + 1] AS returned,
           returned / people AS share
    FROM (
      SELECT cohort, count() AS people, max(newest) AS newest,
             sumForEach(arrayMap(n -> toUInt64(has(periods, n)), range(9))) AS came
      FROM (
        SELECT minIf(timestamp, type = 'view') AS first, toStartOfDay(first) AS cohort,
               max(max(timestamp)) OVER () AS newest,
               arrayMap(t -> dateDiff('day', cohort, t),
                        arrayFilter(t -> t > first, groupArrayIf(timestamp, type = 'purchase'))) AS periods
        FROM events
        WHERE type IN ('view', 'purchase') AND timestamp < ${sqlTime(untilMs)} AND user_id IS NOT NULL
        GROUP BY user_id HAVING countIf(type = 'view') > 0)
      WHERE first >= ${sqlTime(sinceMs)}
      GROUP BY cohort)
    ARRAY JOIN range(toUInt64(least(8, dateDiff('day', cohort, newest)) + 1)) AS after
    ORDER BY cohort, period`,
});

const gapMs = 30 * minuteMs;
const sessions = ({ sinceMs, untilMs }: Range): AskedKind => ({
  name: 'sessions, by gaps of 30 minutes',
  from: 'events',
  asked: (serial, age) =>
    JSON.stringify({
      ...{ kind: 'sessions', gap: '30m', since: sinceMs - earlierBy(serial, 1) },
      ...{ until: untilMs, limit, age },
    }),
  byHand: () => `
    SELECT count() AS sessions, uniqExact(user_id) AS people, sum(length(session)) AS events,
           events / sessions AS events_per_session,
           countIf(length(session) = 1) / sessions AS bounce_rate,
           sum(lasted) / sessions AS mean_duration_ms,
           quantilesExactInclusive(0.5)(lasted) AS duration_ms
    FROM (
      SELECT user_id, session, session[-1] - session[1] AS lasted
      FROM (
        SELECT user_id, arraySort(groupArray(toUnixTimestamp64Milli(timestamp))) AS times,
               arrayJoin(arraySplit((t, gap) -> gap >= ${gapMs}, times, arrayDifference(times))) AS session
        FROM events
        WHERE ${between('timestamp', { sinceMs: sinceMs - gapMs, untilMs })} AND user_id IS NOT NULL
        GROUP BY user_id))
    WHERE session[1] >= ${sinceMs}`,
});

const live = (): AskedKind => ({
  name: 'live: the last 30 minutes',
  from: 'events',
  asked: (serial, age) =>
    JSON.stringify({ kind: 'live', from: ordersOf(types, serial), minutes: 30, age }),
  byHand: (nowMs) => {
    const untilMs = (Math.floor(nowMs / minuteMs) + 1) * minuteMs;
    const range = between('timestamp', { sinceMs: untilMs - 30 * minuteMs, untilMs });
    return `
      SELECT * FROM (SELECT NULL AS bucket, count() AS events, uniqExact(user_id) AS people
      FROM events WHERE ${range}
      UNION ALL
      SELECT * FROM (
        SELECT toStartOfInterval(timestamp, toIntervalMillisecond(60000)) AS bucket, count() AS events, uniqExact(user_id) AS people
        FROM events WHERE ${range}
        GROUP BY bucket
        ORDER BY bucket WITH FILL FROM ${sqlTime(untilMs - 30 * minuteMs)} TO ${sqlTime(untilMs)} STEP toIntervalMinute(1)))
      ORDER BY bucket NULLS FIRST`;
  },
});

let serial = 0;
/** A number that no question had before. */
export const nextSerial = (): number => {
  serial += 1;
  return serial;
};

const listOf = (values: readonly string[]): string =>
  values.map((value) => `'${value}'`).join(', ');

/** The same types in one of their orders: another question with the same answer. */
function ordersOf(values: readonly string[], serial: number): readonly string[] {
  const [first, ...rest] = values;
  if (first === undefined) return [];
  const others = ordersOf(rest, Math.floor(serial / values.length));
  const at = serial % values.length;
  return [...others.slice(0, at), first, ...others.slice(at)];
}

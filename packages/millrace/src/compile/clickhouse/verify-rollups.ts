import type { Plan, RollupPlan } from '../../plan/plan.ts';
import { widthsMs } from '../../plan/widths.ts';
import { bucketStart } from './bucket.ts';
import { eventsAlias, fieldExpression } from './field.ts';
import { hourOf } from './hour.ts';
import { compileMeasure, finishEvents, finishStates, type StateColumn } from './measure.ts';
import {
  call,
  columnOf,
  type Expression,
  infix,
  literal,
  type Select,
  type Selected,
  type TableName,
} from './nodes.ts';
import { print } from './printer.ts';
import { countedEvents, createRollupTable, dimensionType } from './rollup-table.ts';
import { epochMs, timeOf } from './window-range.ts';

export interface CopyOptions {
  readonly database: string;
  readonly partition: number;
}

/** Buckets that begin in hours [fromHour, toHour), counted from the epoch. */
export interface HoursOfBuckets {
  readonly fromHour: number;
  readonly toHour: number;
  /** Made of the events below this offset of the log. */
  readonly cut: number;
}

/** Float sums agree to this share of what was added in all, signs aside. */
const tolerance = 1e-9;

/** Of its own, so that whatever a crash left of copies goes with it. */
const copies = (database: string): string => `${database}_verify`;
const copyOf = ({ table }: RollupPlan, database: string): TableName => ({
  database: copies(database),
  table,
});

export const dropCopies = (database: string): string =>
  print({ node: 'drop database', name: copies(database) });

export const createCopies = (database: string): readonly string[] => [
  dropCopies(database),
  print({ node: 'create database', name: copies(database) }),
];

/** An empty table that takes months of the rollup's. */
export const createCopy = (rollup: RollupPlan, plan: Plan, database: string): readonly string[] => {
  const name = copyOf(rollup, database);
  const table = createRollupTable({ ...rollup, keepMs: null }, plan, database);
  return [
    print({ ...table, name, settings: { allow_nullable_key: 1 } }),
    print({ node: 'stop merges', name }),
  ];
};

/** Its copy is, from now on, what the month of the rollup's table is now. It shares the files. */
export const copyMonth = (rollup: RollupPlan, month: string, database: string): string =>
  print({
    node: 'alter table',
    name: copyOf(rollup, database),
    change: { kind: 'attach partition', id: month, from: { database, table: rollup.table } },
  });

export const emptyCopy = (rollup: RollupPlan, database: string): string =>
  print({ node: 'truncate', name: copyOf(rollup, database) });

const rollupAlias = 'r';
const sideAlias = 's';
const groupAlias = 'g';
const group = (name: string): Expression => columnOf(groupAlias, name);

const storedBucket = columnOf(rollupAlias, 'bucket');
const expectedBucket = ({ every }: RollupPlan): Expression =>
  bucketStart(every, columnOf(eventsAlias, 'timestamp'));
const hourOfBucket = (bucket: Expression): Expression =>
  hourOf(call('toUnixTimestamp64Milli', call('toDateTime64', bucket, literal(3), literal('UTC'))));

/** Of each month (`YYYYMM`) and hour of buckets: how many events belong there. */
export const eventsByHour = (rollup: RollupPlan, { database, partition }: CopyOptions): string =>
  print({
    node: 'select',
    select: {
      ...countedEvents(rollup, database, isOf(partition)),
      columns: byHour(expectedBucket(rollup)),
      groupBy: 'all',
    },
  });

/** The same of the states in the rollup's table. */
export const statesByHour = (rollup: RollupPlan, database: string): string =>
  print({
    node: 'select',
    select: {
      columns: byHour(storedBucket),
      from: { database, table: rollup.table },
      alias: rollupAlias,
      where: null,
      groupBy: 'all',
    },
  });

const byHour = (bucket: Expression): readonly Selected[] => [
  { expression: call('toString', call('toYYYYMM', bucket)), as: 'month' },
  { expression: hourOfBucket(bucket), as: 'hour' },
  { expression: call('count'), as: 'rows' },
];

/** Of each hour: how many rows it should have and has, and how many of them are not the same. */
export const compareHours = (
  rollup: RollupPlan,
  range: HoursOfBuckets,
  options: CopyOptions,
): string => {
  const isNot = (name: string): Expression => infix('=', group(name), literal(0));
  const both = infix(
    'AND',
    infix('>', group('expected'), literal(0)),
    infix('>', group('stored'), literal(0)),
  );
  return print({
    node: 'select',
    select: {
      columns: [
        { expression: hourOfBucket(group('bucket')), as: 'hour' },
        { expression: call('sum', group('expected')), as: 'expected' },
        { expression: call('sum', group('stored')), as: 'stored' },
        { expression: call('countIf', isNot('stored')), as: 'lost' },
        { expression: call('countIf', isNot('expected')), as: 'unexpected' },
        {
          expression: call('countIf', infix('AND', both, call('not', group('same')))),
          as: 'changed',
        },
      ],
      from: groups(rollup, range, options),
      alias: groupAlias,
      where: null,
      groupBy: 'all',
    },
  });
};

/** The first rows of the range that are not the same, with what they should say and say. */
export const firstDifferent = (
  rollup: RollupPlan,
  range: HoursOfBuckets,
  { rowsMax, ...options }: CopyOptions & { readonly rowsMax: number },
): string => {
  const dimensions = rollup.by.map((_, i) => group(dimension(i)));
  return print({
    node: 'select',
    select: {
      columns: [
        { expression: group('bucket'), as: 'bucket' },
        { expression: call('array', ...dimensions.map(jsonOf)), as: 'dimensions' },
        ...['expected', 'stored', 'expected_values', 'stored_values'].map((name) => ({
          expression: group(name),
          as: name,
        })),
      ],
      from: groups(rollup, range, options),
      alias: groupAlias,
      where: call('not', group('same')),
      groupBy: null,
      orderBy: [group('bucket'), ...dimensions].map((expression) => ({
        expression,
        descending: false,
      })),
      limit: { rows: rowsMax, offset: 0 },
    },
  });
};

const jsonOf = (value: Expression): Expression => call('toJSONString', value);
const dimension = (i: number): string => `dimension_${i}`;

/** One row for a bucket and its dimensions, from both sides. */
const groups = (rollup: RollupPlan, range: HoursOfBuckets, options: CopyOptions): Select => {
  const side = (name: string): Expression => columnOf(sideAlias, name);
  const total = (name: string): Expression => call('sum', side(name));
  const ofSide = (name: string): Expression =>
    call('anyIf', side('values'), infix('=', side(name), literal(1)));
  const floats = floatStates(rollup).map((_, i) =>
    infix('<=', call('abs', total(`sum_${i}`)), infix('*', total(`size_${i}`), literal(tolerance))),
  );
  return {
    columns: [
      { expression: side('bucket'), as: 'bucket' },
      ...rollup.by.map((_, i) => ({ expression: side(dimension(i)), as: dimension(i) })),
      { expression: total('expected'), as: 'expected' },
      { expression: total('stored'), as: 'stored' },
      { expression: ofSide('expected'), as: 'expected_values' },
      { expression: ofSide('stored'), as: 'stored_values' },
      {
        expression: infix(
          'AND',
          infix('=', total('expected'), total('stored')),
          infix('=', call('groupBitXor', side('checksum')), literal(0)),
          ...floats,
        ),
        as: 'same',
      },
    ],
    from: { union: [expectedSide(rollup, range, options), storedSide(rollup, range, options)] },
    alias: sideAlias,
    where: null,
    groupBy: 'all',
  };
};

const expectedSide = (
  rollup: RollupPlan,
  range: HoursOfBuckets,
  { database, partition }: CopyOptions,
): Select => {
  const bucket = expectedBucket(rollup);
  const timestamp = columnOf(eventsAlias, 'timestamp');
  const endMs = range.toHour * 3_600_000 + widthsMs[rollup.every];
  return {
    ...countedEvents(
      rollup,
      database,
      isOf(partition),
      infix('<', columnOf(eventsAlias, '_offset'), literal(range.cut)),
      // What the bucket says already, in terms that the table's order can use.
      infix('>=', timestamp, startOf(range.fromHour)),
      infix('<', timestamp, timeOf(epochMs(endMs))),
      ...within(bucket, range),
    ),
    columns: [
      { expression: bucket, as: 'bucket' },
      ...rollup.by.map((one, i) => ({
        expression: {
          node: 'cast' as const,
          expression: fieldExpression(one.field),
          type: dimensionType(one),
        },
        as: dimension(i),
      })),
      ...compared(rollup, 'expected', ({ whole }) => whole, finishEvents),
    ],
    groupBy: 'all',
  };
};

const storedSide = (
  rollup: RollupPlan,
  range: HoursOfBuckets,
  { database }: CopyOptions,
): Select => ({
  columns: [
    { expression: storedBucket, as: 'bucket' },
    ...rollup.by.map(({ name }, i) => ({
      expression: columnOf(rollupAlias, name),
      as: dimension(i),
    })),
    ...compared(
      rollup,
      'stored',
      ({ merged }) => merged(rollupAlias),
      (measure) => finishStates(measure, rollupAlias),
    ),
  ],
  from: copyOf(rollup, database),
  alias: rollupAlias,
  where: infix('AND', ...within(storedBucket, range)),
  groupBy: 'all',
});

/** What is compared of one side: a checksum of what is exact, and the float sums, of the stored side negative. */
const compared = (
  rollup: RollupPlan,
  side: 'expected' | 'stored',
  hold: (state: StateColumn) => Expression,
  finish: (measure: RollupPlan['measures'][number]) => Expression,
): readonly Selected[] => {
  const isExpected = side === 'expected';
  const exact = statesOf(rollup).filter(({ size }) => size === null);
  const values = rollup.measures.map((measure) => jsonOf(finish(measure)));
  return [
    { expression: call('toUInt64', literal(isExpected ? 1 : 0)), as: 'expected' },
    { expression: call('toUInt64', literal(isExpected ? 0 : 1)), as: 'stored' },
    {
      expression: call('sipHash64', call('toString', call('tuple', ...exact.map(hold)))),
      as: 'checksum',
    },
    { expression: call('array', ...values), as: 'values' },
    ...floatStates(rollup).flatMap((state, i) => [
      {
        expression: isExpected ? hold(state) : call('negate', hold(state)),
        as: `sum_${i}`,
      },
      {
        expression: call('toFloat64', isExpected && state.size ? state.size : literal(0)),
        as: `size_${i}`,
      },
    ]),
  ];
};

const statesOf = ({ measures }: RollupPlan): readonly StateColumn[] =>
  measures.flatMap((measure) => compileMeasure(measure).states);
const floatStates = (rollup: RollupPlan): readonly StateColumn[] =>
  statesOf(rollup).filter(({ size }) => size !== null);

const within = (
  bucket: Expression,
  { fromHour, toHour }: HoursOfBuckets,
): readonly Expression[] => [
  infix('>=', bucket, startOf(fromHour)),
  infix('<', bucket, startOf(toHour)),
];
const startOf = (hour: number): Expression => timeOf(epochMs(hour * 3_600_000));
const isOf = (partition: number): Expression =>
  infix('=', columnOf(eventsAlias, '_partition'), literal(partition));

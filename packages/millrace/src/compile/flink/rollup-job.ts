import { envelope } from '../../define/envelope.ts';
import type { SqlType } from '../../define/property-types.ts';
import { filledByDeltas } from '../../plan/deltas.ts';
import { fieldsUsed } from '../../plan/fields-used.ts';
import type { FieldPlan, Plan, RollupPlan } from '../../plan/plan.ts';
import { deltasTopicName, topicNames } from '../kafka/topics.ts';
import { bucketStart } from './bucket.ts';
import { cleanLogColumns } from './clean-log.ts';
import { conditionExpression, isOneOf } from './condition.ts';
import { fieldExpression, fieldType } from './field.ts';
import { type FlinkJob, type FlinkSettings, jobSettings, jsonSink, kafkaSource } from './job.ts';
import { type DeltaColumn, deltaColumns } from './measure.ts';
import { call, column, infix, type Statement } from './nodes.ts';
import { print } from './printer.ts';

/** How long (ms of processing time) events are gathered into one delta. */
export const deltaMs = 1_000;

/** The jobs of all rollups that are filled by deltas. */
export const rollupJobs = (plan: Plan, settings: FlinkSettings): readonly FlinkJob[] =>
  plan.rollups.filter(filledByDeltas).map((rollup) => rollupJob(rollup, plan, settings));

/**
 * Clean log to the deltas of one version of a rollup: what the events of each
 * short while add to each bucket and its dimensions. A late event is in a delta
 * like any other. A changed rollup is another version, with a job of its own.
 */
export const rollupJob = (rollup: RollupPlan, plan: Plan, settings: FlinkSettings): FlinkJob => {
  const name = deltasTopicName(rollup, plan, settings);
  const columns = columnsOfDelta(rollup);
  const { clean } = topicNames(plan, settings);
  const cut = settings.cuts?.get(rollup.table);
  const source = {
    ...kafkaSource(clean, name, settings, cut),
    'value.format': 'json',
  };
  const sink = jsonSink(name, settings);
  const statements: readonly Statement[] = [
    { node: 'create table', name: cleanLog, columns: sourceColumns(rollup), options: source },
    countedEvents(rollup),
    {
      node: 'create table',
      name: deltas,
      columns: columns.map(({ name, type }) => ({ kind: 'physical', name, type })),
      options: sink,
    },
    {
      node: 'insert',
      into: deltas,
      select: {
        columns: columns.map(({ name, from }) => ({ expression: from, as: name })),
        from: {
          node: 'windows',
          of: counted,
          by: arrived,
          span: { kind: 'tumbling', sizeMs: deltaMs },
        },
        groupBy: [
          column('window_start'),
          column('window_end'),
          // Without it, groups are few in each window and may all meet in one subtask.
          column(partition),
          column(bucket),
          ...rollup.by.map((_, i) => column(dimension(i))),
        ],
      },
    },
  ];
  return {
    name,
    settings: {
      ...jobSettings(name, settings, 0),
      // Of a second only, and the values of a `uniq` are asked for with each event.
      'state.backend.type': 'hashmap',
    },
    statements: statements.map(print),
    reads: [clean],
    writes: [name],
    ...(cut === undefined ? {} : { cut }),
  };
};

const cleanLog = 'clean_log';
const counted = 'counted';
const deltas = 'deltas';
const partition = 'source_partition';
const arrived = 'arrived';
const bucket = 'bucket';
/** Names of our own until the deltas, so that none the user gave can clash. */
const dimension = (i: number): string => `dimension_${i}`;
const value = (i: number): string => `value_${i}`;

const typeOfEvent: FieldPlan = { source: 'envelope', name: 'type', type: envelope.type.type };
const timeOfEvent: FieldPlan = {
  source: 'envelope',
  name: 'timestamp',
  type: envelope.timestamp.type,
};

const sourceColumns = (rollup: RollupPlan) =>
  [
    ...cleanLogColumns([typeOfEvent, timeOfEvent, ...fieldsUsed(rollup)]),
    { kind: 'metadata', name: partition, type: { name: 'INT' }, from: 'partition' },
    { kind: 'computed', name: arrived, expression: call('PROCTIME') },
  ] as const;

/** The events that a rollup counts, and what it asks of them. */
const countedEvents = (rollup: RollupPlan): Statement => {
  const isOfRollup = isOneOf(typeOfEvent, rollup.from);
  return {
    node: 'create view',
    name: counted,
    select: {
      columns: [
        { expression: column(partition), as: partition },
        { expression: column(arrived), as: arrived },
        { expression: bucketStart(rollup.every, fieldExpression(timeOfEvent)), as: bucket },
        ...rollup.by.map(({ field }, i) => ({
          expression: fieldExpression(field),
          as: dimension(i),
        })),
        ...rollup.measures.flatMap((measure, i) =>
          measure.kind === 'count'
            ? []
            : [{ expression: fieldExpression(measure.field), as: value(i) }],
        ),
      ],
      from: cleanLog,
      where: rollup.where
        ? infix('AND', isOfRollup, conditionExpression(rollup.where))
        : isOfRollup,
    },
  };
};

const columnsOfDelta = (rollup: RollupPlan): readonly DeltaColumn[] => [
  { name: bucket, type: bigint, from: column(bucket) },
  ...rollup.by.map(({ name, field }, i) => ({
    name,
    type: fieldType(field),
    from: column(dimension(i)),
  })),
  ...rollup.measures.flatMap((measure, i) => deltaColumns(measure, column(value(i)))),
];

const bigint: SqlType = { name: 'BIGINT' };

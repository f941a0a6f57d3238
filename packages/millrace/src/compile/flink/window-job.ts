import { envelope } from '../../define/envelope.ts';
import type { SqlType } from '../../define/property-types.ts';
import { fieldsUsed } from '../../plan/fields-used.ts';
import { heartbeatField } from '../../plan/heartbeat.ts';
import type { FieldPlan, Plan, Span, WindowPlan } from '../../plan/plan.ts';
import { appendedBehindMsMax, resultsTopicName, topicNames } from '../kafka/topics.ts';
import { startOf } from './bucket.ts';
import { cleanLogColumns } from './clean-log.ts';
import { conditionExpression, isOneOf } from './condition.ts';
import { fieldExpression, fieldType } from './field.ts';
import { type FlinkJob, type FlinkSettings, jobSettings, jsonSink, kafkaSource } from './job.ts';
import { type DeltaColumn, deltaColumns } from './measure.ts';
import {
  call,
  cast,
  column,
  type Expression,
  infix,
  literal,
  type Statement,
  type Windows,
} from './nodes.ts';
import { print } from './printer.ts';

/** The jobs of all windows. */
export const windowJobs = (plan: Plan, settings: FlinkSettings): readonly FlinkJob[] =>
  plan.windows.map((window) => windowJob(window, plan, settings));

/**
 * Clean log to the results of one version of a window, before its `having`. Late
 * events are left out. A result is written once no other event can come into its
 * window, as the heartbeats in each partition of the clean log tell.
 */
export const windowJob = (window: WindowPlan, plan: Plan, settings: FlinkSettings): FlinkJob => {
  const name = resultsTopicName(window, plan, settings);
  const { clean } = topicNames(plan, settings);
  const columns = columnsOfResult(window);
  const { parallelism, partitions = parallelism } = settings;
  const cut = settings.cuts?.get(window.table);
  const statements: readonly Statement[] = [
    {
      node: 'create table',
      name: cleanLog,
      columns: [
        ...cleanLogColumns([typeOfEvent, timeOfEvent, lateOfEvent, ...fieldsUsed(window)]),
        { kind: 'physical', name: heartbeatField, type: bigint },
        {
          kind: 'metadata',
          name: recordTime,
          type: { name: 'TIMESTAMP_LTZ', parameters: [3] },
          from: 'timestamp',
        },
        {
          kind: 'computed',
          name: happened,
          expression: timeOf(
            call('COALESCE', fieldExpression(timeOfEvent), column(heartbeatField)),
          ),
        },
      ],
      watermark: {
        column: happened,
        expression: {
          node: 'where',
          condition: { node: 'is not null', operand: column(heartbeatField) },
          value: timeOf(
            infix('-', column(heartbeatField), literal(behindHeartbeatMs(window, plan))),
          ),
        },
      },
      options: { ...kafkaSource(clean, name, settings, cut), 'value.format': 'json' },
    },
    eventsOf(window, plan),
    {
      node: 'create table',
      name: results,
      columns: columns.map(({ name, type }) => ({ kind: 'physical', name, type })),
      options: jsonSink(name, settings, { 'value.json.timestamp-format.standard': 'SQL' }),
    },
    {
      node: 'insert',
      into: results,
      select: {
        columns: columns.map(({ name, from }) => ({ expression: from, as: name })),
        from: { node: 'windows', of: inTime, by: happened, span: spanOf(window) },
        groupBy: [column(windowStart), column(windowEnd), ...keysOf(window)],
      },
    },
  ];
  return {
    name,
    settings: {
      // A subtask without a partition would see no heartbeats, and hold all windows back.
      ...jobSettings(name, { ...settings, parallelism: Math.min(parallelism, partitions) }, 0),
      // Nor may one be passed over because its broker is away: its events are yet to come.
      'table.exec.source.idle-timeout': '0 ms',
    },
    statements: statements.map(print),
    reads: [clean],
    ...(cut === undefined ? {} : { cut }),
    writes: [name],
  };
};

/**
 * How far behind a heartbeat (ms) the watermark is. What comes behind a heartbeat
 * got into the raw log after the time that it says, so by the broker's word it was
 * appended at most `appendedBehindMsMax` before that time; and if it is not late it
 * happened at most the lateness before it was appended. Flink takes what happened
 * at the watermark itself for late.
 */
const behindHeartbeatMs = ({ span }: WindowPlan, { allowedLatenessMs }: Plan): number =>
  allowedLatenessMs + appendedBehindMsMax + 1 + (span.kind === 'session' ? sessionGapLessMs : 0);

/**
 * How far behind a heartbeat (ms) the windows end that are surely out once it is
 * through. A session that is cut may come out as late as one that is not.
 */
export const resultsBehindMs = ({ span }: WindowPlan, { allowedLatenessMs }: Plan): number =>
  allowedLatenessMs + appendedBehindMsMax + (span.kind === 'session' ? span.gapMs : 0);

/**
 * To Flink two events that lie exactly the gap apart are one session, to us two. So
 * its gap is so much shorter; and as it closes a session just before an event could
 * still join it at the gap's very end, its watermark is so much later as well.
 */
const sessionGapLessMs = 1;

const cleanLog = 'clean_log';
const inTime = 'in_time';
const results = 'results';
const windowStart = 'window_start';
const windowEnd = 'window_end';
/** Names of our own until the results, so that none the user gave can clash. */
const recordTime = 'record_time';
const happened = 'happened';
const happenedMs = 'happened_ms';
const period = 'period';
const dimension = (i: number): string => `dimension_${i}`;
const value = (i: number): string => `value_${i}`;

const bigint: SqlType = { name: 'BIGINT' };
const typeOfEvent: FieldPlan = { source: 'envelope', name: 'type', type: envelope.type.type };
const lateOfEvent: FieldPlan = { source: 'envelope', name: 'late', type: envelope.late.type };
const timeOfEvent: FieldPlan = {
  source: 'envelope',
  name: 'timestamp',
  type: envelope.timestamp.type,
};

/** Of milliseconds since the epoch. */
const timeOf = (ms: Expression): Expression => call('TO_TIMESTAMP_LTZ', ms, literal(3));

/**
 * Whether the last window of an event ended no longer than the lateness before its
 * record got into the raw log. That of an event that is not late did, as its record's time is
 * that of its append. Imported events are not late however old they are, and those whose
 * window is out are in none.
 */
const isOpen = ({ span }: WindowPlan, { allowedLatenessMs }: Plan): Expression => {
  const ms = fieldExpression(timeOfEvent);
  const endMs =
    span.kind === 'session'
      ? infix('+', ms, literal(span.gapMs + allowedLatenessMs))
      : infix('+', startOf(ms, span.everyMs), literal(span.sizeMs + allowedLatenessMs));
  return infix('>', timeOf(endMs), column(recordTime));
};

/** The events that are in a window, and what it asks of them. */
const eventsOf = (window: WindowPlan, plan: Plan): Statement => ({
  node: 'create view',
  name: inTime,
  select: {
    columns: [
      { expression: column(happened), as: happened },
      ...(window.span.kind === 'session'
        ? [
            { expression: fieldExpression(timeOfEvent), as: happenedMs },
            { expression: startOf(fieldExpression(timeOfEvent), window.span.maxMs), as: period },
          ]
        : []),
      ...window.by.map(({ field }, i) => ({
        expression: fieldExpression(field),
        as: dimension(i),
      })),
      ...window.measures.flatMap((measure, i) =>
        measure.kind === 'count'
          ? []
          : [{ expression: fieldExpression(measure.field), as: value(i) }],
      ),
    ],
    from: cleanLog,
    where: infix(
      'AND',
      // Heartbeats have no type.
      isOneOf(typeOfEvent, window.from),
      { node: 'not', operand: fieldExpression(lateOfEvent) },
      isOpen(window, plan),
      ...(window.where ? [conditionExpression(window.where)] : []),
    ),
  },
});

const spanOf = (window: WindowPlan): Windows['span'] => {
  const { span } = window;
  if (span.kind === 'session')
    return {
      kind: 'session',
      gapMs: span.gapMs - sessionGapLessMs,
      partitionBy: keysOf(window),
    };
  const { sizeMs, everyMs } = span;
  return sizeMs === everyMs ? { kind: 'tumbling', sizeMs } : { kind: 'hopping', sizeMs, everyMs };
};

/** What tells the results of one time apart. Sessions are cut at the ends of periods. */
const keysOf = ({ span, by }: WindowPlan): readonly Expression[] => [
  ...(span.kind === 'session' ? [column(period)] : []),
  ...by.map((_, i) => column(dimension(i))),
];

const columnsOfResult = (window: WindowPlan): readonly DeltaColumn[] => [
  ...boundsOf(window.span),
  ...window.by.map(({ name, field }, i) => ({
    name,
    type: fieldType(field),
    from: column(dimension(i)),
  })),
  ...window.measures.flatMap((measure, i) => deltaColumns(measure, column(value(i)))),
];

const boundsOf = (span: Span): readonly DeltaColumn[] => {
  const type = { name: 'TIMESTAMP', parameters: [3] } as const;
  if (span.kind === 'fixed')
    return [windowStart, windowEnd].map((name) => ({ name, type, from: column(name) }));
  const ms = column(happenedMs);
  const end = call(
    'LEAST',
    infix('+', call('MAX', ms), literal(span.gapMs)),
    infix('+', column(period), literal(span.maxMs)),
  );
  return [
    { name: windowStart, type, from: cast(timeOf(call('MIN', ms)), type) },
    { name: windowEnd, type, from: cast(timeOf(end), type) },
  ];
};

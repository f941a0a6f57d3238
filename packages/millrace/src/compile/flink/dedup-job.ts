import type { Plan } from '../../plan/plan.ts';
import { topicNames } from '../kafka/topics.ts';
import { type FlinkJob, type FlinkSettings, jobSettings, kafkaSink, kafkaSource } from './job.ts';
import { type ColumnDefinition, call, column, infix, literal } from './nodes.ts';
import { print } from './printer.ts';

/** What passes through as it came. */
const passed: readonly ColumnDefinition[] = [
  { kind: 'physical', name: 'event_key', type: { name: 'BYTES' } },
  { kind: 'physical', name: 'event_line', type: { name: 'BYTES' } },
  {
    kind: 'metadata',
    name: 'record_headers',
    type: { name: 'MAP', parameters: [{ name: 'STRING' }, { name: 'BYTES' }] },
    from: 'headers',
  },
  {
    kind: 'metadata',
    name: 'record_time',
    type: { name: 'TIMESTAMP_LTZ', parameters: [3] },
    from: 'timestamp',
  },
];

const bytes = {
  'key.format': 'raw',
  'key.fields': 'event_key',
  'value.format': 'raw',
  'value.fields-include': 'EXCEPT_KEY',
} as const;

/** Of the job, and of the consumer group whose offsets it commits with each checkpoint. */
export const dedupJobName = (
  plan: Plan,
  { prefix = plan.pipeline }: Pick<FlinkSettings, 'prefix'> = {},
): string => `${prefix}.dedup`;

/**
 * Raw log to clean log: of the records with one key within the dedup window the
 * first. It reads no event, so its text follows from the names and the window
 * alone, and a change of the user's logic leaves the job and its state as they are.
 */
export const dedupJob = (plan: Plan, settings: FlinkSettings): FlinkJob => {
  const topics = topicNames(plan, settings);
  const name = dedupJobName(plan, settings);
  const seen = 'seen';
  return {
    name,
    settings: jobSettings(name, settings, 2 * plan.dedup.windowMs),
    reads: [topics.raw],
    writes: [topics.clean],
    statements: [
      print({
        node: 'create table',
        name: 'raw_log',
        columns: [...passed, { kind: 'computed', name: 'arrived', expression: call('PROCTIME') }],
        options: { ...kafkaSource(topics.raw, name, settings), ...bytes },
      }),
      print({
        node: 'create table',
        name: 'clean_log',
        columns: passed,
        options: { ...kafkaSink(topics.clean, name, settings), ...bytes },
      }),
      print({
        node: 'insert',
        into: 'clean_log',
        select: {
          columns: passed.map((one) => ({ expression: column(one.name), as: one.name })),
          from: {
            columns: [
              ...passed.map((one) => ({ expression: column(one.name), as: one.name })),
              {
                expression: {
                  node: 'row number',
                  partitionBy: column('event_key'),
                  orderBy: column('arrived'),
                },
                as: seen,
              },
            ],
            from: 'raw_log',
          },
          where: infix('=', column(seen), literal(1)),
        },
      }),
    ],
  };
};

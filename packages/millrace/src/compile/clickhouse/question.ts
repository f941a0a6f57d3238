import type { Every } from '../../plan/plan.ts';
import type { Question } from '../../plan/question.ts';
import type { Serving } from '../../plan/serving.ts';
import { widthsMs } from '../../plan/widths.ts';
import { bucketStart } from './bucket.ts';
import { conditionExpression } from './condition.ts';
import { eventsTable } from './events-table.ts';
import { eventsAlias, fieldExpression, resultsAlias } from './field.ts';
import { localBucketStart } from './local-bucket.ts';
import { finishEvents, finishStates } from './measure.ts';
import {
  call,
  column,
  columnOf,
  type Expression,
  infix,
  literal,
  type Select,
  type Selected,
  tuple,
} from './nodes.ts';
import { print } from './printer.ts';
import { epochMs, timeOf } from './window-range.ts';

const answerAlias = 'a';

export interface QuestionOptions {
  readonly database: string;
}

/**
 * The statement that answers a question from the table that serves it: a row
 * for each bucket and group, and one more than `rowsMax` if there are more.
 */
export const questionSelect = (
  question: Question,
  serving: Serving,
  { database }: QuestionOptions,
): string => {
  const { every, by, rowsMax, order } = question;
  const keys = [...(every === null ? [] : ['bucket']), ...by.map(({ name }) => name)];
  const asked = order.map((one) => one.column);
  return print({
    node: 'select',
    select: {
      columns: [...keys, ...question.measures.map(({ name }) => name)].map((name) => ({
        expression: columnOf(answerAlias, name),
        as: name,
      })),
      from: finished(question, serving, database),
      alias: answerAlias,
      where: null,
      groupBy: null,
      orderBy: [
        ...order.map(({ column: name, descending }) => ({
          expression: columnOf(answerAlias, name),
          descending,
        })),
        ...keys
          .filter((name) => !asked.includes(name))
          .map((name) => ({ expression: columnOf(answerAlias, name), descending: false })),
      ],
      limit: { rows: rowsMax + 1, offset: 0 },
    },
  });
};

/** The measures finished: of the states that a rollup keeps, or of the events themselves. */
const finished = (question: Question, serving: Serving, database: string): Select =>
  serving.kind === 'rollup' ? ofRollup(question, serving, database) : ofEvents(question, database);

const ofRollup = (
  question: Question,
  { rollup, measures, where }: Serving & { readonly kind: 'rollup' },
  database: string,
): Select => {
  const { every, zone, by } = question;
  const bucket = columnOf(resultsAlias, 'bucket');
  return {
    columns: [
      ...bucketColumn(every, (width) => bucketOf(width, bucket, zone)),
      ...by.map(({ name }) => ({ expression: columnOf(resultsAlias, name), as: name })),
      ...question.measures.flatMap(({ name }, index): readonly Selected[] => {
        const measure = measures[index];
        return measure ? [{ expression: finishStates(measure, resultsAlias), as: name }] : [];
      }),
    ],
    from: { database, table: rollup.table },
    alias: resultsAlias,
    where: allOf([...inRange(question, bucket), ...(where ? [conditionExpression(where)] : [])]),
    groupBy: 'all',
  };
};

const ofEvents = (question: Question, database: string): Select => {
  const { from, where, every, zone, by, measures } = question;
  const timestamp = columnOf(eventsAlias, 'timestamp');
  const type = columnOf(eventsAlias, 'type');
  return {
    columns: [
      ...bucketColumn(every, (width) => bucketOf(width, timestamp, zone)),
      ...by.map(({ name, field }) => ({ expression: fieldExpression(field), as: name })),
      ...measures.map((measure) => ({ expression: finishEvents(measure), as: measure.name })),
    ],
    from: { database, table: eventsTable },
    alias: eventsAlias,
    where: allOf([
      infix('IN', type, tuple(...from.map(literal))),
      ...inRange(question, timestamp),
      ...(where ? [conditionExpression(where)] : []),
    ]),
    groupBy: 'all',
  };
};

const bucketColumn = (
  every: Every | null,
  expression: (every: Every) => Expression,
): readonly Selected[] => (every === null ? [] : [{ expression: expression(every), as: 'bucket' }]);

const bucketOf = (every: Every, time: Expression, zone: string): Expression =>
  zone === 'UTC' ? bucketStart(every, time) : localBucketStart(every, time, zone);

const inRange = ({ sinceMs, untilMs }: Question, time: Expression): readonly Expression[] => [
  ...(sinceMs === null ? [] : [infix('>=', time, timeOf(epochMs(sinceMs)))]),
  ...(untilMs === null ? [] : [infix('<', time, timeOf(epochMs(untilMs)))]),
];

const allOf = (conditions: readonly Expression[]): Expression | null =>
  conditions.length === 0 ? null : infix('AND', ...conditions);

/** Half of the width: no bucket is shorter, on the days when clocks are put forward. */
const stepMs = (every: Every): number => widthsMs[every] / 2;

/** The starts of the buckets that a question with `every`, since and until may have, in their order. */
export const bucketsSelect = (
  every: Every,
  { sinceMs, untilMs, zone }: { sinceMs: number; untilMs: number; zone: string },
): string => {
  const steps = Math.ceil((untilMs - sinceMs) / stepMs(every));
  const at = call(
    'least',
    infix(
      '+',
      epochMs(sinceMs),
      infix('*', columnOf(answerAlias, 'number'), epochMs(stepMs(every))),
    ),
    epochMs(untilMs - 1),
  );
  return print({
    node: 'select',
    select: {
      columns: [{ expression: bucketOf(every, timeOf(at), zone), as: 'bucket' }],
      from: { database: 'system', table: 'numbers' },
      alias: answerAlias,
      where: infix('<=', columnOf(answerAlias, 'number'), literal(steps)),
      groupBy: 'all',
      orderBy: [{ expression: column('bucket'), descending: false }],
    },
  });
};

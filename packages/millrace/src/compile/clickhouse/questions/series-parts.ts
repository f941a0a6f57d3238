import type { MeasurePlan } from '../../../plan/plan.ts';
import {
  otherColumn,
  previousColumn,
  rangeRead,
  type SeriesQuestion,
} from '../../../plan/questions/series.ts';
import type { Serving } from '../../../plan/serving.ts';
import { conditionExpression } from '../condition.ts';
import { eventsTable } from '../events-table.ts';
import { eventsAlias, fieldExpression, resultsAlias } from '../field.ts';
import { compileMeasure, type StateColumn } from '../measure.ts';
import {
  call,
  columnOf,
  type Expression,
  infix,
  literal,
  type Select,
  type Selected,
} from '../nodes.ts';
import { epochMs, timeOf } from '../window-range.ts';
import { allOf, bucketOf, inRange, isOneOf, timestamp } from './asked-range.ts';

// Two underscores are nobody else's.
const isPrevious = 'is__previous';
const totalColumn = (index: number): string => `total__${index}`;
/** From 1 on, the place of a group among all, by its totals; one more than there are places for the others. */
export const placeColumn = 'place__';

const partsAlias = 'p';

/**
 * What is folded further than one table's groups: into a row of all others, or
 * onto the period after it. Mergeable states are, so that each measure is what it
 * is of the events themselves.
 */
export const foldedParts = (
  question: SeriesQuestion,
  serving: Serving,
  database: string,
): Select => {
  const { every, by, groupsMax, measures } = question;
  const parts = statesOf(question, serving, database);
  const isOther = groupsMax === null ? null : infix('>', part(placeColumn), literal(groupsMax));
  return {
    columns: [
      ...(every === null ? [] : [carry('bucket')]),
      ...(isOther ? [{ expression: call('toBool', isOther), as: otherColumn }] : []),
      ...by.map(({ name }) => ({
        expression: isOther ? call('if', isOther, literal(null), part(name)) : part(name),
        as: name,
      })),
      ...(groupsMax === null
        ? []
        : [
            {
              expression: call('least', part(placeColumn), literal(groupsMax + 1)),
              as: placeColumn,
            },
          ]),
      ...measures.flatMap((measure): readonly Selected[] => [
        { expression: finish(measure, question, 'current'), as: measure.name },
        ...(question.previousByMs === null
          ? []
          : [
              {
                expression: finish(measure, question, 'previous'),
                as: previousColumn(measure.name),
              },
            ]),
      ]),
    ],
    from: groupsMax === null ? parts : placed(question, totalled(question, parts)),
    alias: partsAlias,
    where: null,
    groupBy: 'all',
  };
};

type Period = 'current' | 'previous';

/** The finished number of the parts of one period; `hold` says what to do with what each state holds. */
const finish = (
  measure: MeasurePlan,
  { previousByMs }: SeriesQuestion,
  period: Period,
  hold: (merged: Expression) => Expression = (merged) => merged,
): Expression => {
  const only =
    previousByMs === null
      ? undefined
      : period === 'previous'
        ? part(isPrevious)
        : call('not', part(isPrevious));
  return compileMeasure(measure).finish(({ merged }) => hold(merged(partsAlias, only)));
};

/** Each part with the totals of its group that the groups are ordered by. */
const totalled = (question: SeriesQuestion, parts: Select): Select => ({
  columns: [
    ...parts.columns.map(({ as }) => carry(as)),
    ...question.order.map(({ column }, index) => ({
      expression: totalOf(column, question),
      as: totalColumn(index),
    })),
  ],
  from: parts,
  alias: partsAlias,
  where: null,
  groupBy: null,
});

const totalOf = (column: string, question: SeriesQuestion): Expression => {
  const { measures, by } = question;
  const overGroup = (merged: Expression): Expression => ({
    node: 'over',
    function: merged,
    partitionBy: by.map(({ name }) => part(name)),
    orderBy: [],
  });
  const current = measures.find(({ name }) => name === column);
  if (current) return finish(current, question, 'current', overGroup);
  const previous = measures.find(({ name }) => previousColumn(name) === column);
  return previous ? finish(previous, question, 'previous', overGroup) : part(column);
};

const placed = ({ order, by }: SeriesQuestion, parts: Select): Select => ({
  columns: [
    ...parts.columns
      .filter(({ as }) => !order.some((_, at) => totalColumn(at) === as))
      .map(({ as }) => carry(as)),
    {
      expression: {
        node: 'over',
        function: call('dense_rank'),
        partitionBy: [],
        orderBy: [
          ...order.map(({ descending }, index) => ({
            expression: part(totalColumn(index)),
            descending,
          })),
          ...by.map(({ name }) => ({ expression: part(name), descending: false })),
        ],
      },
      as: placeColumn,
    },
  ],
  from: parts,
  alias: partsAlias,
  where: null,
  groupBy: null,
});

/** Mergeable states, a row for each bucket and group of each period. */
const statesOf = (question: SeriesQuestion, serving: Serving, database: string): Select => {
  const { by, measures } = question;
  if (serving.kind === 'events')
    return {
      columns: [
        ...timeColumns(question, timestamp),
        ...by.map(({ name, field }) => ({ expression: fieldExpression(field), as: name })),
        ...measures.flatMap((measure) =>
          compileMeasure(measure).states.map(({ name, from }) => ({ expression: from, as: name })),
        ),
      ],
      from: { database, table: eventsTable },
      alias: eventsAlias,
      where: allOf([
        ...isOneOf(question.from, question.where),
        ...inRange(rangeRead(question), timestamp),
      ]),
      groupBy: 'all',
    };
  const bucket = columnOf(resultsAlias, 'bucket');
  return {
    columns: [
      ...timeColumns(question, bucket),
      ...by.map(({ name }) => ({ expression: columnOf(resultsAlias, name), as: name })),
      ...measures.flatMap((measure, index) => {
        const kept = serving.measures[index];
        return kept ? renamed(compileMeasure(kept).states, compileMeasure(measure).states) : [];
      }),
    ],
    from: { database, table: serving.rollup.table },
    alias: resultsAlias,
    where: allOf([
      ...inRange(rangeRead(question), bucket),
      ...(serving.where ? [conditionExpression(serving.where)] : []),
    ]),
    groupBy: 'all',
  };
};

/** The states of a rollup's measure under the names of the one that was asked for. */
const renamed = (
  kept: readonly StateColumn[],
  asked: readonly StateColumn[],
): readonly Selected[] =>
  kept.flatMap(({ remerged }, index) => {
    const name = asked[index]?.name;
    return name === undefined ? [] : [{ expression: remerged(resultsAlias), as: name }];
  });

/** The period before comes to lie in the buckets of the range that it is compared with. */
const timeColumns = (
  { every, zone, sinceMs, previousByMs }: SeriesQuestion,
  time: Expression,
): readonly Selected[] => {
  if (previousByMs === null || sinceMs === null)
    return every === null ? [] : [{ expression: bucketOf(every, time, zone), as: 'bucket' }];
  const before = infix('<', time, timeOf(epochMs(sinceMs)));
  const moved = timeOf(infix('+', call('toUnixTimestamp64Milli', time), epochMs(previousByMs)));
  return [
    { expression: before, as: isPrevious },
    ...(every === null
      ? []
      : [{ expression: bucketOf(every, call('if', before, moved, time), zone), as: 'bucket' }]),
  ];
};

const part = (name: string): Expression => columnOf(partsAlias, name);
const carry = (name: string): Selected => ({ expression: part(name), as: name });

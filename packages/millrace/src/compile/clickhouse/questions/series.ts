import {
  boundColumns,
  groupColumns,
  type SeriesQuestion,
  seriesColumns,
} from '../../../plan/questions/series.ts';
import type { RollupServing, Serving } from '../../../plan/serving.ts';
import { conditionExpression } from '../condition.ts';
import { eventsTable } from '../events-table.ts';
import { carry, eventsAlias, fieldExpression, resultsAlias } from '../field.ts';
import { finishEvents, finishStates } from '../measure.ts';
import {
  call,
  columnOf,
  type Expression,
  type Ordered,
  type Select,
  type Selected,
} from '../nodes.ts';
import { allOf, bucketOf, inRange, isOneOf, timestamp } from './asked-range.ts';
import { sampledSeries } from './sampled-series.ts';
import { foldedParts, placeColumn } from './series-parts.ts';

const answerAlias = 'a';

/** A row for each bucket and group, and one more than `rowsMax` if there are more. */
export const seriesSelect = (
  question: SeriesQuestion,
  serving: Serving,
  database: string,
): Select => ({
  columns: seriesColumns(question).map(({ name }) => ({
    expression: wholeBound(name, question, serving) ?? columnOf(answerAlias, name),
    as: name,
  })),
  from: finished(question, serving, database),
  alias: answerAlias,
  where: null,
  groupBy: null,
  orderBy: orderOf(question),
  limit: { rows: question.rowsMax + 1, offset: 0 },
});

/** Where everything is read, a measure is its own lowest and highest value; undefined for other columns. */
const wholeBound = (
  column: string,
  { sample, measures }: SeriesQuestion,
  serving: Serving,
): Expression | undefined => {
  if (sample === null || (serving.kind === 'events' && serving.sampling)) return undefined;
  const measure = measures.find(({ name }) => {
    const { low, high } = boundColumns(name);
    return column === low || column === high;
  });
  if (!measure) return undefined;
  const value = columnOf(answerAlias, measure.name);
  return measure.kind === 'quantiles' ? value : call('toFloat64', value);
};

const orderOf = (question: SeriesQuestion): readonly Ordered[] => {
  const { every, order, groupsMax } = question;
  const by = (name: string, descending = false): Ordered => ({
    expression: columnOf(answerAlias, name),
    descending,
  });
  const bucket = every === null ? [] : ['bucket'];
  if (groupsMax !== null) return [...bucket, placeColumn].map((name) => by(name));
  const asked = order.map(({ column }) => column);
  const keys = [...bucket, ...groupColumns(question).map(({ name }) => name)];
  return [
    ...order.map(({ column, descending }) => by(column, descending)),
    ...keys.filter((name) => !asked.includes(name)).map((name) => by(name)),
  ];
};

/** The measures finished, of the states that a rollup keeps, or of the events themselves. */
const finished = (question: SeriesQuestion, serving: Serving, database: string): Select => {
  if (question.groupsMax !== null || question.previousByMs !== null)
    return foldedParts(question, serving, database);
  if (serving.kind === 'rollup') return ofRollup(question, serving, database);
  return serving.sampling
    ? sampledSeries(question, serving.sampling, database)
    : ofEvents(question, database);
};

const ofRollup = (
  question: SeriesQuestion,
  { rollup, measures, where }: RollupServing,
  database: string,
): Select => {
  const bucket = columnOf(resultsAlias, 'bucket');
  return {
    columns: [
      ...bucketColumn(question, bucket),
      ...question.by.map(({ name }) => carry(name)),
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

const ofEvents = (question: SeriesQuestion, database: string): Select => {
  const { from, where, by, measures } = question;
  return {
    columns: [
      ...bucketColumn(question, timestamp),
      ...by.map(({ name, field }) => ({ expression: fieldExpression(field), as: name })),
      ...measures.map((measure) => ({ expression: finishEvents(measure), as: measure.name })),
    ],
    from: { database, table: eventsTable },
    alias: eventsAlias,
    where: allOf([...isOneOf(from, where), ...inRange(question, timestamp)]),
    groupBy: 'all',
  };
};

const bucketColumn = ({ every, zone }: SeriesQuestion, time: Expression): readonly Selected[] =>
  every === null ? [] : [{ expression: bucketOf(every, time, zone), as: 'bucket' }];

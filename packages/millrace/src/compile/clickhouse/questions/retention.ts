import type { RetentionQuestion } from '../../../plan/questions/retention.ts';
import { eventsTable } from '../events-table.ts';
import { carried, carry, eventsAlias, resultsAlias } from '../field.ts';
import {
  call,
  column,
  columnOf,
  type Expression,
  infix,
  lambda,
  literal,
  type Select,
} from '../nodes.ts';
import { epochMs, happenedMs, timeOf } from '../window-range.ts';
import { allOf, bucketOf, fitsEvents, inRange, timestamp } from './asked-range.ts';

// Two underscores are nobody else's.
const person = 'person__id';
const visits = 'person__visits';
const firstMs = 'first__ms';
const newestMs = 'newest__ms';
const periods = 'periods__returned';
const lastPeriod = 'periods__last';

/** A row for each period of each cohort, and one more than `rowsMax` if there are more. */
export const retentionSelect = (question: RetentionQuestion, database: string): Select => {
  const returned = call(
    'arrayElement',
    carried(periods),
    infix('+', carried('period'), literal(1)),
  );
  return {
    columns: [
      carry('cohort'),
      carry('people'),
      carry('period'),
      { expression: returned, as: 'returned' },
      { expression: infix('/', returned, carried('people')), as: 'share' },
    ],
    from: periodRows(cohorts(question, members(question, people(question, database)))),
    alias: resultsAlias,
    where: null,
    groupBy: null,
    orderBy: ['cohort', 'period'].map((name) => ({
      expression: carried(name),
      descending: false,
    })),
    limit: { rows: question.rowsMax + 1, offset: 0 },
  };
};

/** No periods that had not begun when the newest event happened. */
const periodRows = (from: Select): Select => ({
  columns: [
    ...['cohort', 'people', periods].map(carry),
    {
      expression: call(
        'toInt32',
        call('arrayJoin', call('range', infix('+', carried(lastPeriod), literal(1)))),
      ),
      as: 'period',
    },
  ],
  from,
  alias: resultsAlias,
  where: null,
  groupBy: null,
});

const cohorts = (question: RetentionQuestion, from: Select): Select => {
  const numbers = Array.from({ length: question.periods + 1 }, (_, at) => literal(at));
  const came = call('toUInt64', call('has', carried(periods), column('n')));
  const newest = bucketOf(question.every, timeOf(carried(newestMs)), question.zone);
  return {
    columns: [
      carry('cohort'),
      {
        expression: call(
          'least',
          literal(question.periods),
          periodOf(question, carried('cohort'), newest),
        ),
        as: lastPeriod,
      },
      { expression: call('count'), as: 'people' },
      {
        expression: call(
          'sumForEach',
          call('arrayMap', lambda(['n'], came), call('array', ...numbers)),
        ),
        as: periods,
      },
    ],
    from,
    alias: resultsAlias,
    where: null,
    groupBy: 'all',
  };
};

/** Each person's cohort, and in which periods they came back. */
const members = (question: RetentionQuestion, from: Select): Select => {
  const { every, zone, sinceMs } = question;
  const first = call('assumeNotNull', carried(firstMs));
  const cohort = bucketOf(every, timeOf(first), zone);
  const later = call('arrayFilter', lambda(['v'], infix('>', column('v'), first)), carried(visits));
  const at = bucketOf(every, timeOf(column('v')), zone);
  return {
    columns: [
      { expression: cohort, as: 'cohort' },
      carry(newestMs),
      {
        expression: call(
          'arrayDistinct',
          call('arrayMap', lambda(['v'], periodOf(question, cohort, at)), later),
        ),
        as: periods,
      },
    ],
    from,
    alias: resultsAlias,
    where: infix(
      'AND',
      call('isNotNull', carried(firstMs)),
      ...(sinceMs === null ? [] : [infix('>=', first, epochMs(sinceMs))]),
    ),
    groupBy: null,
  };
};

/** Each person's first event and when they came back, and the newest event of all people. */
const people = ({ first, back, per, untilMs }: RetentionQuestion, database: string): Select => {
  const someone = columnOf(eventsAlias, per);
  const [isFirst, isReturn] = [fitsEvents(first), fitsEvents(back)];
  return {
    columns: [
      { expression: someone, as: person },
      { expression: call('minOrNullIf', happenedMs, isFirst), as: firstMs },
      { expression: call('groupArrayIf', happenedMs, isReturn), as: visits },
      {
        expression: {
          node: 'over',
          function: call('max', call('max', happenedMs)),
          partitionBy: [],
          orderBy: [],
        },
        as: newestMs,
      },
    ],
    from: { database, table: eventsTable },
    alias: eventsAlias,
    where: allOf([
      infix('OR', isFirst, isReturn),
      ...inRange({ sinceMs: null, untilMs }, timestamp),
      call('isNotNull', someone),
    ]),
    groupBy: 'all',
  };
};

/** How many buckets lie between, by the calendar of the zone that they are of. */
const periodOf = ({ every }: RetentionQuestion, from: Expression, to: Expression): Expression => {
  const days = [from, to].map((bucket) => call('toDate32', bucket));
  return every === 'month'
    ? call('dateDiff', literal('month'), ...days)
    : call('intDiv', call('dateDiff', literal('day'), ...days), literal(every === 'week' ? 7 : 1));
};

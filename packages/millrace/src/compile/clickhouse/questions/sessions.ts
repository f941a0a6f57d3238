import type { DimensionPlan } from '../../../plan/plan.ts';
import type { SessionsQuestion } from '../../../plan/questions/sessions.ts';
import { eventsTable } from '../events-table.ts';
import { carried, carry, eventsAlias, fieldExpression, resultsAlias } from '../field.ts';
import {
  call,
  columnOf,
  type Expression,
  infix,
  literal,
  type Ordered,
  parametricCall,
  type Select,
  type Selected,
  tuple,
} from '../nodes.ts';
import { epochMs, happenedMs, timeOf } from '../window-range.ts';
import { allOf, bucketOf, fitsEvents, inRange, numbersOrNull, timestamp } from './asked-range.ts';

// Two underscores are nobody else's.
const person = 'session__person';
const happened = 'session__ms';
const begins = 'session__begins';
const number = 'session__number';
const start = 'session__start';
const length = 'session__length';
const valueColumn = (name: string): string => `session__${name}`;

/** A row for each bucket and group, and one more than `rowsMax` if there are more. */
export const sessionsSelect = (question: SessionsQuestion, database: string): Select => {
  const { every, zone, entry, exit, levels, sinceMs, rowsMax } = question;
  const ends = [...entry, ...exit];
  const sessions = call('count');
  const of = (total: Expression): Expression =>
    infix('/', total, call('nullIf', sessions, literal(0)));
  const ascending = (expression: Expression): Ordered => ({ expression, descending: false });
  return {
    columns: [
      ...(every === null
        ? []
        : [{ expression: bucketOf(every, timeOf(carried(start)), zone), as: 'bucket' }]),
      ...ends.map(({ name }) => carry(name)),
      { expression: sessions, as: 'sessions' },
      { expression: call('uniqExact', carried(person)), as: 'people' },
      { expression: call('sum', carried('events')), as: 'events' },
      { expression: of(call('sum', carried('events'))), as: 'events_per_session' },
      {
        expression: of(call('countIf', infix('=', carried('events'), literal(1)))),
        as: 'bounce_rate',
      },
      { expression: of(call('sum', carried(length))), as: 'mean_duration_ms' },
      {
        expression: numbersOrNull(
          parametricCall('quantilesExactInclusive', levels, carried(length)),
        ),
        as: 'duration_ms',
      },
    ],
    from: oneBySession(question, numbered(markedEvents(question, database))),
    alias: resultsAlias,
    where: sinceMs === null ? null : infix('>=', carried(start), epochMs(sinceMs)),
    groupBy: 'all',
    orderBy: [
      ...(every === null ? [] : [ascending(bucketOf(every, timeOf(carried(start)), zone))]),
      { expression: sessions, descending: true },
      ...ends.map(({ name }) => ascending(carried(name))),
    ],
    limit: { rows: rowsMax + 1, offset: 0 },
  };
};

const oneBySession = ({ entry, exit }: SessionsQuestion, from: Select): Select => {
  const end = (which: 'min' | 'max', of: readonly DimensionPlan[]): readonly Selected[] => {
    // What is absent is less than anything at some types, and greater at others.
    const isFarther = which === 'min' ? 'isNull' : 'isNotNull';
    const values = of.flatMap(({ name }) => {
      const value = carried(valueColumn(name));
      return [call(isFarther, value), value];
    });
    const event = call(which, tuple(carried(happened), ...values));
    return of.map(({ name }, index) => ({
      expression: call('tupleElement', event, literal(2 * index + 3)),
      as: name,
    }));
  };
  return {
    columns: [
      carry(person),
      carry(number),
      { expression: call('min', carried(happened)), as: start },
      {
        expression: infix('-', call('max', carried(happened)), call('min', carried(happened))),
        as: length,
      },
      { expression: call('count'), as: 'events' },
      ...end('min', entry),
      ...end('max', exit),
    ],
    from,
    alias: resultsAlias,
    where: null,
    groupBy: 'all',
  };
};

/** Each event with the number of its session among those of its person. */
const numbered = (from: Select): Select => ({
  columns: [
    ...from.columns.filter(({ as }) => as !== begins).map(({ as }) => carry(as)),
    {
      expression: {
        node: 'over',
        function: call('sum', carried(begins)),
        partitionBy: [carried(person)],
        orderBy: [{ expression: carried(happened), descending: false }],
      },
      as: number,
    },
  ],
  from,
  alias: resultsAlias,
  where: null,
  groupBy: null,
});

/** Each event, and whether a session begins with it. One that began before the range is told by what lies a gap before. */
const markedEvents = (
  { of, per, gapMs, sinceMs, untilMs, entry, exit }: SessionsQuestion,
  database: string,
): Select => {
  const someone = columnOf(eventsAlias, per);
  const before: Expression = {
    node: 'over',
    function: call('lagInFrame', happenedMs),
    partitionBy: [someone],
    orderBy: [{ expression: happenedMs, descending: false }],
  };
  return {
    columns: [
      { expression: someone, as: person },
      { expression: happenedMs, as: happened },
      { expression: infix('>=', infix('-', happenedMs, before), epochMs(gapMs)), as: begins },
      ...[...entry, ...exit].map(({ name, field }) => ({
        expression: fieldExpression(field),
        as: valueColumn(name),
      })),
    ],
    from: { database, table: eventsTable },
    alias: eventsAlias,
    where: allOf([
      fitsEvents(of),
      ...inRange({ sinceMs: sinceMs === null ? null : sinceMs - gapMs, untilMs }, timestamp),
      call('isNotNull', someone),
    ]),
    groupBy: null,
  };
};

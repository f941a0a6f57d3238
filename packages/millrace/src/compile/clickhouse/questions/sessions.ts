import type { DimensionPlan } from '../../../plan/plan.ts';
import type { SessionsQuestion } from '../../../plan/questions/sessions.ts';
import { eventsTable } from '../events-table.ts';
import { carried, carry, eventsAlias, fieldExpression, resultsAlias } from '../field.ts';
import {
  call,
  column,
  columnOf,
  type Expression,
  infix,
  lambda,
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
const items = 'session__items';
const session = 'session__events';
const start = 'session__start';
const length = 'session__length';

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
    from: oneBySession(question, database),
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

/** A row for each session, with what its first and last events have. */
const oneBySession = (question: SessionsQuestion, database: string): Select => {
  const { entry, exit } = question;
  const valued = entry.length + exit.length > 0;
  const item = column('i');
  const ms = valued ? call('tupleElement', item, literal(1)) : item;
  const msAt = (place: number): Expression => {
    const event = call('arrayElement', carried(session), literal(place));
    return valued ? call('tupleElement', event, literal(1)) : event;
  };
  const end = (
    which: 'min' | 'max',
    of: readonly DimensionPlan[],
    before: number,
  ): readonly Selected[] => {
    // What is absent is less than anything at some types, and greater at others.
    const isFarther = which === 'min' ? 'isNull' : 'isNotNull';
    const values = of.flatMap((_, index) => {
      const value = call('tupleElement', item, literal(before + index + 2));
      return [call(isFarther, value), value];
    });
    const event = call(
      'arrayReduce',
      literal(which),
      call('arrayMap', lambda(['i'], tuple(ms, ...values)), carried(session)),
    );
    return of.map(({ name }, index) => ({
      expression: call('tupleElement', event, literal(2 * index + 3)),
      as: name,
    }));
  };
  return {
    columns: [
      carry(person),
      { expression: msAt(1), as: start },
      { expression: infix('-', msAt(-1), msAt(1)), as: length },
      { expression: call('length', carried(session)), as: 'events' },
      ...end('min', entry, 0),
      ...end('max', exit, entry.length),
    ],
    from: cut(question, database),
    alias: resultsAlias,
    where: null,
    groupBy: null,
  };
};

/** Each person's events in their order, cut where nothing happened for the gap. */
const cut = (question: SessionsQuestion, database: string): Select => {
  const { gapMs, entry, exit } = question;
  const valued = entry.length + exit.length > 0;
  const times = valued
    ? call('arrayMap', lambda(['i'], call('tupleElement', column('i'), literal(1))), carried(items))
    : carried(items);
  const begins = infix('>=', column('d'), epochMs(gapMs));
  const sessions = call(
    'arraySplit',
    lambda(['i', 'd'], begins),
    carried(items),
    call('arrayDifference', times),
  );
  return {
    columns: [carry(person), { expression: call('arrayJoin', sessions), as: session }],
    from: itemsOfPeople(question, database),
    alias: resultsAlias,
    where: null,
    groupBy: null,
  };
};

/** Of each event when it happened; with the values that are asked for, if any are. One that began before the range is told by what lies a gap before. */
const itemsOfPeople = (
  { of, per, gapMs, sinceMs, untilMs, entry, exit }: SessionsQuestion,
  database: string,
): Select => {
  const someone = columnOf(eventsAlias, per);
  const values = [...entry, ...exit].map(({ field }) => fieldExpression(field));
  const item = values.length === 0 ? happenedMs : tuple(happenedMs, ...values);
  return {
    columns: [
      { expression: someone, as: person },
      { expression: call('arraySort', call('groupArray', item)), as: items },
    ],
    from: { database, table: eventsTable },
    alias: eventsAlias,
    where: allOf([
      fitsEvents(of),
      ...inRange({ sinceMs: sinceMs === null ? null : sinceMs - gapMs, untilMs }, timestamp),
      call('isNotNull', someone),
    ]),
    groupBy: 'all',
  };
};

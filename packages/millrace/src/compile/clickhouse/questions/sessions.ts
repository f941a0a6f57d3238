import type { DimensionPlan } from '../../../plan/plan.ts';
import type { SessionsQuestion } from '../../../plan/questions/sessions.ts';
import { eventsTable } from '../events-table.ts';
import {
  carried,
  carry,
  eventsAlias,
  fieldExpression,
  mayBeAbsent,
  resultsAlias,
} from '../field.ts';
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
  const item = itemOf(question);
  const eventAt = (place: number): Expression =>
    call('arrayElement', carried(session), literal(place));
  const startMs = item.ms(eventAt(1));
  const last = item.entry.length > 0 && item.exit.length > 0 ? lastOf(item) : eventAt(-1);
  return {
    columns: [
      carry(person),
      { expression: startMs, as: start },
      { expression: infix('-', item.ms(eventAt(-1)), startMs), as: length },
      { expression: call('length', carried(session)), as: 'events' },
      ...item.entry.map(({ name, valueIn }) => ({ expression: valueIn(eventAt(1)), as: name })),
      ...item.exit.map(({ name, valueIn }) => ({ expression: valueIn(last), as: name })),
    ],
    from: cut(question, database),
    alias: resultsAlias,
    where: null,
    groupBy: null,
  };
};

/** Events of the same instant lie by what they are as entries, so the greatest exit is sought. */
const lastOf = ({ ms, exit }: Item): Expression => {
  const event = column('i');
  const key = tuple(ms(event), ...exit.flatMap(({ keysIn }) => keysIn(event)));
  const placed = call('arrayMap', lambda(['i'], tuple(key, event)), carried(session));
  return call('tupleElement', call('arrayReduce', literal('max'), placed), literal(2));
};

/** Each person's events in their order, cut where nothing happened for the gap. */
const cut = (question: SessionsQuestion, database: string): Select => {
  const { ms } = itemOf(question);
  const times = call('arrayMap', lambda(['i'], ms(column('i'))), carried(items));
  const begins = infix('>=', column('d'), epochMs(question.gapMs));
  const sessions = call(
    'arraySplit',
    lambda(['i', 'd'], begins),
    carried(items),
    call('arrayDifference', times),
  );
  // What people are counted by: the hash that is made of text to count it anyway, but once a person.
  const number = call('reinterpretAsUInt128', call('sipHash128', carried(person)));
  return {
    columns: [
      { expression: number, as: person },
      { expression: call('arrayJoin', sessions), as: session },
    ],
    from: itemsOfPeople(question, database),
    alias: resultsAlias,
    where: null,
    groupBy: null,
  };
};

/** Of each event when it happened; with the values that are asked for, if any are. One that began before the range is told by what lies a gap before. */
const itemsOfPeople = (question: SessionsQuestion, database: string): Select => {
  const { of, per, gapMs, sinceMs, untilMs } = question;
  const someone = columnOf(eventsAlias, per);
  // An array for each part: one of tuples takes twice as long to gather.
  const parts = itemOf(question).parts.map((part) => call('groupArray', part));
  const [times] = parts;
  const unsorted = parts.length === 1 && times ? times : call('arrayZip', ...parts);
  return {
    columns: [
      { expression: someone, as: person },
      { expression: call('arraySort', unsorted), as: items },
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

/** What is gathered of an event: in the order by which events of the same instant are sorted. */
interface Item {
  /** Of the event, as it is stored. */
  readonly parts: readonly Expression[];
  /** Of an event that was gathered, when it happened. */
  readonly ms: (event: Expression) => Expression;
  readonly entry: readonly End[];
  readonly exit: readonly End[];
}

interface End {
  readonly name: string;
  readonly keysIn: (event: Expression) => readonly Expression[];
  readonly valueIn: (event: Expression) => Expression;
}

const itemOf = ({ entry, exit }: SessionsQuestion): Item => {
  const parts = [happenedMs];
  const partIn = (part: Expression): ((event: Expression) => Expression) => {
    const place = literal(parts.push(part));
    return (event) => call('tupleElement', event, place);
  };
  const endOf = ({ name, field }: DimensionPlan, absence: 'isNull' | 'isNotNull'): End => {
    const value = fieldExpression(field);
    if (!mayBeAbsent(field)) {
      const valueIn = partIn(value);
      return { name, keysIn: (event) => [valueIn(event)], valueIn };
    }
    // An array gathers no nulls, and what is absent comes behind as an entry and before as an exit.
    const present = call('assumeNotNull', value);
    const flagIn = partIn(call(absence, value));
    const someIn = partIn(call('ifNull', value, call('defaultValueOfArgumentType', present)));
    return {
      name,
      keysIn: (event) => [flagIn(event), someIn(event)],
      valueIn: (event) =>
        absence === 'isNull'
          ? call('if', flagIn(event), literal(null), someIn(event))
          : call('if', flagIn(event), someIn(event), literal(null)),
    };
  };
  const ends = {
    entry: entry.map((one) => endOf(one, 'isNull')),
    exit: exit.map((one) => endOf(one, 'isNotNull')),
  };
  const ms = (event: Expression): Expression =>
    parts.length === 1 ? event : call('tupleElement', event, literal(1));
  return { parts, ms, ...ends };
};

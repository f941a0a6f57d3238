import type { LiveQuestion } from '../../../plan/questions/live.ts';
import { eventsTable } from '../events-table.ts';
import { carried, carry, eventsAlias, resultsAlias } from '../field.ts';
import {
  call,
  columnOf,
  type Expression,
  infix,
  literal,
  parametricCall,
  type Select,
} from '../nodes.ts';
import { epochMs, happenedMs, timeOf } from '../window-range.ts';
import { allOf, fitsEvents, inRange, timestamp } from './asked-range.ts';

const minuteMs = 60_000;

/** A row of all minutes, and one for each, empty ones too. */
export const liveSelect = (question: LiveQuestion, database: string): Select => {
  const { sinceMs, minutes } = question;
  const minute = carried('minute');
  const ms = infix(
    '+',
    epochMs(sinceMs),
    infix('*', infix('-', call('toInt64', minute), literal(1)), literal(minuteMs)),
  );
  return {
    columns: [
      {
        expression: call('if', infix('=', minute, literal(0)), literal(null), timeOf(ms)),
        as: 'bucket',
      },
      ...['events', 'people'].map((name) => ({
        expression: call('arrayElement', carried(name), infix('+', minute, literal(1))),
        as: name,
      })),
    ],
    from: {
      columns: [
        ...['events', 'people'].map(carry),
        { expression: call('arrayJoin', call('range', literal(minutes + 1))), as: 'minute' },
      ],
      from: counted(question, database),
      alias: resultsAlias,
      where: null,
      groupBy: null,
    },
    alias: resultsAlias,
    where: null,
    groupBy: null,
    orderBy: [{ expression: minute, descending: false }],
  };
};

/** Of all minutes first, then of each. */
const counted = (
  { of, per, sinceMs, untilMs, minutes }: LiveQuestion,
  database: string,
): Select => {
  const someone = columnOf(eventsAlias, per);
  const minute = call('intDiv', infix('-', happenedMs, epochMs(sinceMs)), literal(minuteMs));
  const ofEach = (name: string, ...values: readonly Expression[]): Expression =>
    parametricCall(`${name}Resample`, [0, minutes, 1], ...values, minute);
  return {
    columns: [
      {
        expression: call('arrayPushFront', ofEach('count'), call('count')),
        as: 'events',
      },
      {
        expression: call(
          'arrayPushFront',
          ofEach('uniqExact', someone),
          call('uniqExact', someone),
        ),
        as: 'people',
      },
    ],
    from: { database, table: eventsTable },
    alias: eventsAlias,
    where: allOf([fitsEvents(of), ...inRange({ sinceMs, untilMs }, timestamp)]),
    groupBy: 'all',
  };
};

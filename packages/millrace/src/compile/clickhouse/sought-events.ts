import type { RollupPlan } from '../../plan/plan.ts';
import { countedColumns, type EventPlace, type SoughtEvents } from '../../plan/sought-events.ts';
import { bucketStart } from './bucket.ts';
import { conditionExpression } from './condition.ts';
import { eventsTable } from './events-table.ts';
import { eventsAlias, fieldExpression } from './field.ts';
import { columnOf, type Expression, infix, literal, type Selected, tuple } from './nodes.ts';
import { print } from './printer.ts';
import { isOfRollup } from './rollup-table.ts';
import { epochMs, happenedMs } from './window-range.ts';

/** In the order in which the answer has them. */
const ofEvent = [
  ...['event_id', 'type', 'timestamp', 'received_at', 'appended_at', 'late'],
  ...['user_id', 'anonymous_id', 'session_id', 'properties', 'context'],
];

const partition = columnOf(eventsAlias, '_partition');
const offset = columnOf(eventsAlias, '_offset');

/**
 * The statement that finds stored events: one row more than `rowsMax` if there
 * are more. Beside each event it says, of each rollup, whether it counts the event
 * and in which row, by the expressions that fill the rollup.
 */
export const soughtEventsSelect = (
  { by, value, before, rowsMax }: SoughtEvents,
  rollups: readonly RollupPlan[],
  { database }: { readonly database: string },
): string => {
  const isSought = infix('=', columnOf(eventsAlias, by), literal(value));
  return print({
    node: 'select',
    select: {
      columns: [
        ...ofEvent.map((name) => ({ expression: columnOf(eventsAlias, name), as: name })),
        { expression: partition, as: 'partition' },
        { expression: offset, as: 'offset' },
        ...rollups.flatMap(countedIn),
      ],
      from: { database, table: eventsTable },
      alias: eventsAlias,
      where: before === null ? isSought : infix('AND', isSought, isBehind(before)),
      groupBy: null,
      orderBy: [happenedMs, partition, offset].map((expression) => ({
        expression,
        descending: true,
      })),
      limit: { rows: rowsMax + 1, offset: 0 },
    },
  });
};

const isBehind = ({ timestampMs, ...place }: EventPlace): Expression =>
  infix(
    '<',
    tuple(happenedMs, partition, offset),
    tuple(epochMs(timestampMs), literal(place.partition), literal(place.offset)),
  );

const countedIn = (rollup: RollupPlan, place: number): readonly Selected[] => {
  const names = countedColumns(rollup, place);
  const { where } = rollup;
  const isOf = isOfRollup(rollup);
  return [
    {
      expression: where ? infix('AND', isOf, conditionExpression(where)) : isOf,
      as: names.counted,
    },
    {
      expression: bucketStart(rollup.every, columnOf(eventsAlias, 'timestamp')),
      as: names.bucket,
    },
    ...rollup.by.flatMap(({ field }, i) => {
      const as = names.by[i];
      return as === undefined ? [] : [{ expression: fieldExpression(field), as }];
    }),
  ];
};

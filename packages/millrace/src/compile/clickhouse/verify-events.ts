import { deadLettersTable } from './dead-letters-table.ts';
import { eventsInsertColumns, eventsTable } from './events-table.ts';
import { eventsAlias } from './field.ts';
import { hourOf } from './hour.ts';
import {
  call,
  columnOf,
  type Expression,
  infix,
  literal,
  type Select,
  type Selected,
  tuple,
} from './nodes.ts';
import { print } from './printer.ts';
import { happenedMs } from './window-range.ts';

/** Offsets [from, to) of one log partition. */
interface Offsets {
  readonly from: number;
  readonly to: number;
}

export interface VerifyEventsOptions {
  readonly database: string;
  readonly partition: number;
}

const of = (name: string): Expression => columnOf(eventsAlias, name);

/** The hour that an event happened in. */
const hour: Selected = { expression: hourOf(happenedMs), as: 'hour' };

/** A checksum of everything that a row says, its place in the log included. */
const checksum = call(
  'sipHash64',
  call('toString', tuple(...['_partition', '_offset', ...eventsInsertColumns].map(of))),
);

/** A sum that wraps around: it does not depend on the order, and a row twice changes it. */
const hours: readonly Selected[] = [
  hour,
  { expression: call('count'), as: 'rows' },
  { expression: call('sum', checksum), as: 'checksum' },
];
const rows: readonly Selected[] = [
  { expression: of('_offset'), as: 'offset' },
  hour,
  { expression: of('event_id'), as: 'event_id' },
  { expression: checksum, as: 'checksum' },
];

const fromGiven = (columns: readonly Selected[], groupBy: 'all' | null): string =>
  print({
    node: 'select',
    select: { columns, from: { given: 'given' }, alias: eventsAlias, where: null, groupBy },
  });

/** Of the rows that are given: how many lie in each hour, and their checksum. */
export const hoursOfGiven = (): string => fromGiven(hours, 'all');
/** Each of the rows that are given. */
export const rowsOfGiven = (): string => fromGiven(rows, null);

/** Of the stored rows with these places in the log: how many lie in each hour, and their checksum. */
export const hoursOfStored = (
  ranges: readonly Offsets[],
  { database, partition }: VerifyEventsOptions,
): string => {
  const select: Select = {
    columns: hours,
    from: { database, table: eventsTable },
    alias: eventsAlias,
    where: infix('AND', isOf(partition), infix('OR', ...ranges.map(within))),
    groupBy: 'all',
  };
  return print({ node: 'select', select });
};

/** Each stored row of a range, the first `rowsMax` of them. */
export const rowsOfStored = (
  range: Offsets,
  { database, partition, rowsMax }: VerifyEventsOptions & { readonly rowsMax: number },
): string => {
  const select: Select = {
    columns: rows,
    from: { database, table: eventsTable },
    alias: eventsAlias,
    where: infix('AND', isOf(partition), within(range)),
    groupBy: null,
    limit: { rows: rowsMax, offset: 0 },
  };
  return print({ node: 'select', select });
};

/** Stored rows whose place no log has: of other partitions, or from offset `end` on. */
export const rowsOutside = (
  end: number,
  { database, partition, rowsMax }: VerifyEventsOptions & { readonly rowsMax: number },
): string => {
  const select: Select = {
    columns: [...rows, { expression: of('_partition'), as: 'partition' }],
    from: { database, table: eventsTable },
    alias: eventsAlias,
    where: infix(
      'OR',
      infix('!=', of('_partition'), literal(partition)),
      infix('>=', of('_offset'), literal(end)),
    ),
    groupBy: null,
    limit: { rows: rowsMax, offset: 0 },
  };
  return print({ node: 'select', select });
};

/** The lines that the store refused, of the events with these ids. */
export const refusedLines = (ids: readonly string[], database: string): string => {
  const letter = (name: string): Expression => columnOf('l', name);
  const select: Select = {
    columns: [{ expression: call('base64Encode', letter('raw')), as: 'raw_base64' }],
    from: { database, table: deadLettersTable },
    alias: 'l',
    where: infix(
      'AND',
      infix('=', letter('code'), literal('store_refused')),
      infix('IN', letter('event_id'), tuple(...ids.map(literal))),
    ),
    groupBy: null,
  };
  return print({ node: 'select', select });
};

const isOf = (partition: number): Expression => infix('=', of('_partition'), literal(partition));
const within = ({ from, to }: Offsets): Expression =>
  infix('AND', infix('>=', of('_offset'), literal(from)), infix('<', of('_offset'), literal(to)));

import type { DimensionPlan, RollupPlan } from '../../plan/plan.ts';
import { deadLettersTable } from './dead-letters-table.ts';
import { eventsTable } from './events-table.ts';
import { carried, eventsAlias, resultsAlias } from './field.ts';
import {
  call,
  column,
  columnOf,
  type Expression,
  infix,
  literal,
  type TableName,
  tuple,
} from './nodes.ts';
import { print } from './printer.ts';
import { statesOfEvents } from './rollup-table.ts';
import { epochMs, happenedMs, timeOf } from './window-range.ts';

/** The ids by which events name a person: one of them is enough. */
export interface Person {
  readonly userId: string | null;
  readonly anonymousId: string | null;
}

/** A person's rows of what was accepted before an order: at lower offsets of one partition. */
export interface TheirRows {
  readonly person: Person;
  readonly partition: number;
  readonly before: number;
}

interface ForgetOptions {
  readonly database: string;
}

/** The members of an event that hold such an id. */
export const personFields: readonly string[] = ['user_id', 'anonymous_id'];

/** Names of the columns that hold an id, and the id. */
type Ids = readonly (readonly [column: string, id: string])[];

const idsOf = ({ userId, anonymousId }: Person): Ids => [
  ...(userId === null ? [] : [['user_id', userId] as const]),
  ...(anonymousId === null ? [] : [['anonymous_id', anonymousId] as const]),
];

/** Absent ids are nobody's. */
const named = (ids: Ids, columnNamed: (name: string) => Expression): Expression =>
  infix(
    'OR',
    literal(false),
    ...ids.map(([name, id]) =>
      call('ifNull', infix('=', columnNamed(name), literal(id)), literal(false)),
    ),
  );

const areTheirs = (
  { person, partition, before }: TheirRows,
  columnNamed: (name: string) => Expression,
): Expression =>
  infix(
    'AND',
    infix('=', columnNamed('_partition'), literal(partition)),
    infix('<', columnNamed('_offset'), literal(before)),
    named(idsOf(person), columnNamed),
  );

const ofEvents = (name: string): Expression => columnOf(eventsAlias, name);

/** Offset, type and time (epoch ms) of each stored event of theirs. */
export const theirEvents = (theirs: TheirRows, { database }: ForgetOptions): string =>
  print({
    node: 'select',
    select: {
      columns: [
        { expression: ofEvents('_offset'), as: 'offset' },
        { expression: ofEvents('type'), as: 'type' },
        { expression: happenedMs, as: 'ms' },
      ],
      from: { database, table: eventsTable },
      alias: eventsAlias,
      where: areTheirs(theirs, ofEvents),
      groupBy: null,
    },
  });

export const deleteEvents = (theirs: TheirRows, { database }: ForgetOptions): string =>
  deleteRows({ database, table: eventsTable }, areTheirs(theirs, column));

/** Dead letters whose bytes may name them: those with an id in them, or with characters written as escapes. */
export const lettersToLookAt = (
  { person, partition, before }: TheirRows,
  { database }: ForgetOptions,
): string => {
  const of = (name: string): Expression => columnOf('l', name);
  const has = (part: string): Expression =>
    infix('>', call('position', of('raw'), literal(part)), literal(0));
  return print({
    node: 'select',
    select: {
      columns: [
        { expression: of('_offset'), as: 'offset' },
        { expression: of('code'), as: 'code' },
        { expression: of('protocol'), as: 'protocol' },
        { expression: call('base64Encode', of('raw')), as: 'raw_base64' },
      ],
      from: { database, table: deadLettersTable },
      alias: 'l',
      where: infix(
        'AND',
        infix('=', of('_partition'), literal(partition)),
        infix('<', of('_offset'), literal(before)),
        infix('OR', has('\\'), ...idsOf(person).map(([, id]) => has(id))),
      ),
      groupBy: null,
    },
  });
};

export const deleteLetters = (
  { partition, offsets }: { readonly partition: number; readonly offsets: readonly number[] },
  { database }: ForgetOptions,
): string =>
  deleteRows(
    { database, table: deadLettersTable },
    infix(
      'AND',
      infix('=', column('_partition'), literal(partition)),
      infix('IN', column('_offset'), tuple(...offsets.map(literal))),
    ),
  );

/** What has a row for each value of some fields of events. */
export interface Keyed {
  readonly table: string;
  readonly by: readonly DimensionPlan[];
}

/** Whether it has rows under an id of theirs. */
export const isKeyedBy = (keyed: Pick<Keyed, 'by'>, person: Person): boolean =>
  keysOf(keyed, person).length > 0;

/** Whether each event of theirs counts in rows under an id of theirs alone. */
export const isKeyedByAll = (keyed: Pick<Keyed, 'by'>, person: Person): boolean =>
  keysOf(keyed, person).length === idsOf(person).length;

const keysOf = ({ by }: Pick<Keyed, 'by'>, person: Person): Ids =>
  idsOf(person).flatMap(([field, id]) => {
    const dimension = by.find((one) => one.field.source === 'envelope' && one.field.name === field);
    return dimension === undefined ? [] : [[dimension.name, id] as const];
  });

/** The rows under an id of theirs. */
export const deleteKeyed = (keyed: Keyed, person: Person, { database }: ForgetOptions): string =>
  deleteRows({ database, table: keyed.table }, named(keysOf(keyed, person), column));

/** Records of another log than the events', each with its place, that have fields of events. */
export interface RecordsTable extends Pick<Keyed, 'by'> {
  readonly table: TableName;
}

/** Records under an id of theirs, before an offset of a partition of the records' own log. */
export const deleteRecords = (
  { table, by }: RecordsTable,
  { person, partition, before }: TheirRows,
): string =>
  deleteRows(
    table,
    infix(
      'AND',
      infix('=', column('_partition'), literal(partition)),
      infix('<', column('_offset'), literal(before)),
      named(keysOf({ by }, person), column),
    ),
  );

/** A person's results of windows that ended before a time (epoch ms), by the id that is their key. */
export interface TheirResults {
  readonly person: Person;
  readonly endedBeforeMs: number;
}

const areTheirResults = (
  window: Keyed,
  { person, endedBeforeMs }: TheirResults,
  columnNamed: (name: string) => Expression,
): Expression =>
  infix(
    'AND',
    infix('<', columnNamed('window_end'), timeOf(epochMs(endedBeforeMs))),
    named(keysOf(window, person), columnNamed),
  );

export const deleteResults = (
  window: Keyed,
  theirs: TheirResults,
  { database }: ForgetOptions,
): string => deleteRows({ database, table: window.table }, areTheirResults(window, theirs, column));

/** How many there are. */
export const countResults = (
  window: Keyed,
  theirs: TheirResults,
  { database }: ForgetOptions,
): string =>
  print({
    node: 'select',
    select: {
      columns: [{ expression: call('count'), as: 'results' }],
      from: { database, table: window.table },
      alias: resultsAlias,
      where: areTheirResults(window, theirs, carried),
      groupBy: null,
    },
  });

/** Brings into a rollup what it should have under their ids, of the events that are stored. */
export const fillKeyed = (
  rollup: RollupPlan,
  person: Person,
  { database }: ForgetOptions,
): string =>
  print({
    node: 'insert',
    into: { database, table: rollup.table },
    select: statesOfEvents(
      rollup,
      database,
      named(
        idsOf(person).filter(([field]) =>
          rollup.by.some((one) => one.field.source === 'envelope' && one.field.name === field),
        ),
        ofEvents,
      ),
    ),
  });

const deleteRows = (name: TableName, where: Expression): string =>
  print({ node: 'alter table', name, change: { kind: 'delete', where } });

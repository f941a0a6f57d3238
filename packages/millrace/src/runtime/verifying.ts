import { clickhouseDdl } from '../compile/clickhouse/ddl.ts';
import {
  hoursOfGiven,
  hoursOfStored,
  refusedLines,
  rowsOfGiven,
  rowsOfStored,
  rowsOutside,
} from '../compile/clickhouse/verify-events.ts';
import {
  compareHours,
  copyMonth,
  createCopies,
  createCopy,
  dropCopies,
  emptyCopy,
  eventsByHour,
  firstDifferent,
  statesByHour,
} from '../compile/clickhouse/verify-rollups.ts';
import type { LogReader } from '../ports/log.ts';
import { createVerify, type Verify } from '../verify/verify.ts';
import { database } from './database.ts';
import type { Embedded } from './embedded.ts';

/**
 * What compares the log of an open pipeline with its store.
 *
 * @param log that, or as much of it as the archive has as well.
 */
export function verifying(embedded: Embedded, log: LogReader = embedded.history.log): Verify {
  const { plan, store, eventLoader, deadLetters, deadLetterLoader, clock } = embedded;
  const { events: table } = clickhouseDdl(plan, { database });
  const partition = 0;
  const { rollups, forgotten } = embedded;
  const place = { database, partition };
  return createVerify({
    log,
    store,
    clock,
    table: table.name,
    columns: table.insertColumns,
    partition,
    rollups: plan.rollups.map(({ name }) => name),
    atRest: (work, signal) => eventLoader.atRest(work, signal),
    ready: (name) => rollups.ready(name),
    eventsGoneBeforeMs: () => rollups.eventsGoneBeforeMs(plan.keepMs, clock.now()),
    committed: () => eventLoader.committed,
    forgottenIn: (from, to) => forgotten.offsets.count(from, to),
    forgottenCountedIn: (place) => forgotten.countedIn(place),
    lettersStored: (signal) => deadLetterLoader.settled(deadLetters.end, signal),
    statements: {
      hoursOfGiven: hoursOfGiven(),
      rowsOfGiven: rowsOfGiven(),
      hoursOfStored: (ranges) => hoursOfStored(ranges, place),
      rowsOfStored: (range, rowsMax) => rowsOfStored(range, { ...place, rowsMax }),
      rowsOutside: (end, rowsMax) => rowsOutside(end, { ...place, rowsMax }),
      refusedLines: (ids) => refusedLines(ids, database),
      createCopies: createCopies(database),
      dropCopies: dropCopies(database),
      createCopy: (rollup) => createCopy(rollup, plan, database),
      copyMonth: (rollup, month) => copyMonth(rollup, month, database),
      emptyCopy: (rollup) => emptyCopy(rollup, database),
      eventsByHour: (rollup) => eventsByHour(rollup, place),
      statesByHour: (rollup) => statesByHour(rollup, database),
      compareHours: (rollup, hours) => compareHours(rollup, hours, place),
      firstDifferent: (rollup, hours, rowsMax) =>
        firstDifferent(rollup, hours, { ...place, rowsMax }),
    },
  });
}

import { clickhouseDdl } from '../compile/clickhouse/ddl.ts';
import {
  hoursOfGiven,
  hoursOfStored,
  refusedLines,
  rowsOfGiven,
  rowsOfStored,
} from '../compile/clickhouse/verify-events.ts';
import { createVerify, type Verify } from '../verify/verify.ts';
import { database } from './database.ts';
import type { Embedded } from './embedded.ts';

/** What compares the log of an open pipeline with its store. */
export function verifying(embedded: Embedded): Verify {
  const { plan, store, events, eventLoader, deadLetters, deadLetterLoader, clock } = embedded;
  const { events: table } = clickhouseDdl(plan, { database });
  const partition = 0;
  return createVerify({
    log: events,
    store,
    clock,
    table: table.name,
    columns: table.insertColumns,
    partition,
    keepMs: plan.keepMs,
    committed: () => eventLoader.committed,
    lettersStored: () => deadLetterLoader.settled(deadLetters.end),
    statements: {
      hoursOfGiven: hoursOfGiven(),
      rowsOfGiven: rowsOfGiven(),
      hoursOfStored: (ranges) => hoursOfStored(ranges, { database, partition }),
      rowsOfStored: (range, rowsMax) => rowsOfStored(range, { database, partition, rowsMax }),
      refusedLines: (ids) => refusedLines(ids, database),
    },
  });
}

import { uuidV7 } from '../collect/uuid-v7.ts';
import {
  countResults,
  deleteEvents,
  deleteKeyed,
  deleteLetters,
  deleteResults,
  fillKeyed,
  isKeyedBy,
  isKeyedByAll,
  lettersToLookAt,
  theirEvents,
} from '../compile/clickhouse/forget.ts';
import { Forgetter, type ForgetterOptions } from '../forget/forgetter.ts';
import type { Forgotten } from '../forget/forgotten.ts';
import type { Plan } from '../plan/plan.ts';
import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import type { RollupTables } from '../rollups/rollup-tables.ts';
import type { WindowRunner } from '../windows/window-runner.ts';
import type { WindowTables } from '../windows/window-tables.ts';
import { database } from './database.ts';

export interface OpenForgetterOptions
  extends Pick<
    ForgetterOptions,
    | 'clock'
    | 'reach'
    | 'forgotten'
    | 'readableLog'
    | 'archive'
    | 'deadLetters'
    | 'store'
    | 'eventLoader'
    | 'deadLetterLoader'
    | 'replays'
    | 'logRetentionMs'
    | 'onRetry'
  > {
  readonly plan: Plan;
  readonly events: Log;
  readonly rollups: RollupTables;
  readonly windows: WindowRunner;
  readonly windowTables: WindowTables;
}

/** What forgets persons, of a pipeline in this process. */
export function openForgetter({
  plan,
  events,
  rollups,
  windows,
  windowTables,
  ...options
}: OpenForgetterOptions): Forgetter {
  const partition = 0;
  const { clock } = options;
  return new Forgetter({
    ...options,
    log: events,
    partition,
    tables: rollups,
    rebuildFrom: (sinceMs) =>
      rollups.eventsGoneBeforeMs(plan.keepMs, clock.now()) <= sinceMs
        ? 'events'
        : options.archive === null
          ? 'log'
          : 'archive',
    windows: windowTables,
    latenessMs: plan.allowedLatenessMs,
    windowsWritten: (signal) => windows.advance(signal),
    alertedWindows: plan.alerts.map(({ window }) => window),
    statements: {
      theirEvents: ({ person, before }) => theirEvents({ person, partition, before }, { database }),
      lettersToLookAt: ({ person }, before) =>
        lettersToLookAt({ person, partition, before }, { database }),
      deleteEvents: ({ person, before }) =>
        deleteEvents({ person, partition, before }, { database }),
      deleteLetters: (offsets) => deleteLetters({ partition, offsets }, { database }),
      isKeyedBy,
      isKeyedByAll,
      deleteKeyed: (rollup, person) => deleteKeyed(rollup, person, { database }),
      fillKeyed: (rollup, person) => fillKeyed(rollup, person, { database }),
      deleteResults: (window, person, endedBeforeMs) =>
        deleteResults(window, { person, endedBeforeMs }, { database }),
      countResults: (window, person, endedBeforeMs) =>
        countResults(window, { person, endedBeforeMs }, { database }),
    },
    newId: () => uuidV7(clock.now()),
  });
}

/**
 * Removes from the store the events of an order that a crash ended in the middle,
 * before versions of rollups are filled from it that were not there when they were found.
 */
export async function removeFoundEvents(
  { underWay }: Forgotten,
  store: Pick<Store, 'define'>,
): Promise<void> {
  if (underWay === null || underWay.removed) return;
  if (underWay.found === null || underWay.found.events === 0) return;
  const { person, before } = underWay;
  await store.define(deleteEvents({ person, partition: 0, before }, { database }));
}

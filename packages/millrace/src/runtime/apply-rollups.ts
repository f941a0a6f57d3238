import { dropReplay } from '../compile/clickhouse/rollup-replay.ts';
import {
  createVersion,
  cutOffVersion,
  dropVersion,
  hideRollup,
  showVersion,
} from '../compile/clickhouse/rollup-versions.ts';
import type { Plan, RollupPlan } from '../plan/plan.ts';
import { sameLogic } from '../plan/versions.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReachCrashPoint } from '../ports/crash-points.ts';
import type { Store } from '../ports/store.ts';
import { eventsBelowCut } from '../rollups/fill-steps.ts';
import { emptyPlace, type Place, type RollupTables } from '../rollups/rollup-tables.ts';
import { fillStatements } from './fill-statements.ts';

export interface ApplyRollupsOptions {
  readonly store: Store;
  readonly database: string;
  readonly clock: Clock;
  /** Every event in the store lies below this offset of the log, and none that comes does. */
  readonly cut: number;
  readonly reach: ReachCrashPoint;
  /** Whether events are stored as they were: else what is being replayed must begin anew. */
  readonly sameEvents: boolean;
}

/**
 * Makes the tables of versions that are new, and shows readers of each rollup
 * what has everything: its table, the table of the version before it, or, where
 * there is none yet, the events.
 */
export async function makeRollups(
  plan: Plan,
  tables: RollupTables,
  options: ApplyRollupsOptions,
): Promise<void> {
  const { store, database, clock } = options;
  for (const rollup of plan.rollups) {
    const place = tables.at(rollup.table);
    if (place && place.stage !== 'creating')
      await tables.save({
        ...place,
        rollup,
        completeSinceMs: completeSinceMs(place, rollup, clock.now()),
      });
    else await make(emptyPlace(rollup), plan, tables, options);
    const ready = isReady(rollup.table, tables)
      ? tables.at(rollup.table)
      : tables.ready(rollup.name);
    await store.define(
      showVersion(ready?.rollup ?? rollup, ready ? 'table' : 'events', { database }),
    );
  }
}

/** What it kept for a shorter time until now does not come back. */
const completeSinceMs = (place: Place, { keepMs }: RollupPlan, nowMs: number): number | null => {
  const { rollup: before, completeSinceMs } = place;
  if (before.keepMs === null || before.keepMs === keepMs) return completeSinceMs;
  return Math.max(completeSinceMs ?? Number.NEGATIVE_INFINITY, nowMs - before.keepMs);
};

async function make(
  place: Place,
  plan: Plan,
  tables: RollupTables,
  { store, database, cut, reach }: ApplyRollupsOptions,
): Promise<void> {
  await tables.save(place);
  for (const statement of createVersion(place.rollup, plan, { database }))
    await store.define(statement);
  reach('rollup-created');
  if (cut === 0) {
    await tables.save({ ...place, stage: 'ready' });
    return;
  }
  const questions = fillStatements(database);
  const events = await eventsBelowCut({ ...place, cut }, { store, questions });
  await tables.save({ ...place, stage: 'filling', cut, events });
}

/** Drops the tables that nothing reads any more. Nothing may be inserted meanwhile. */
export async function dropRollups(
  plan: Plan,
  tables: RollupTables,
  { store, database, sameEvents }: ApplyRollupsOptions,
): Promise<void> {
  const gone = tables.places.filter(
    (place) => !isUsed(place, plan, tables) && !isAskedFor(place, plan, tables, sameEvents),
  );
  await tables.save(...gone.map((place) => ({ ...place, stage: 'dropping' }) as const));
  const isTaken = (name: string): boolean =>
    [...plan.rollups, ...plan.windows].some((one) => one.name === name);
  for (const place of gone) {
    const { rollup } = place;
    const statements = [
      ...(isTaken(rollup.name) ? [] : hideRollup(rollup, { database })),
      ...cutOffVersion(rollup, { database }),
      ...dropReplay(rollup, { database }),
      ...dropVersion(rollup, { database }),
    ];
    for (const statement of statements) await store.define(statement);
    await tables.forget(place);
  }
}

/** Whether it is in the plan, or is read until what is in the plan has everything. */
const isUsed = ({ rollup, stage }: Place, plan: Plan, tables: RollupTables): boolean => {
  const wanted = plan.rollups.find(({ name }) => name === rollup.name);
  if (wanted === undefined || stage === 'dropping') return false;
  return wanted.table === rollup.table || (stage === 'ready' && !isReady(wanted.table, tables));
};

/** Whether it is being replayed, or can be gone back to, and computes what readers see. */
const isAskedFor = (
  { rollup, stage, replay }: Place,
  plan: Plan,
  tables: RollupTables,
  sameEvents: boolean,
): boolean => {
  const seen = plan.rollups.find(({ name }) => name === rollup.name);
  if (seen === undefined || !isReady(seen.table, tables)) return false;
  if (!sameLogic(seen, rollup) || seen.keepMs !== rollup.keepMs) return false;
  return stage === 'kept' || (stage === 'filling' && replay !== undefined && sameEvents);
};

const isReady = (table: string, tables: RollupTables): boolean =>
  tables.at(table)?.stage === 'ready';

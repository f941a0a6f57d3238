import { readFileIfThere, replaceFile } from '../adapters/atomic-file.ts';
import { localRollupProgress } from '../adapters/local-progress/local-rollup-progress.ts';
import { localWindowVersions } from '../adapters/local-progress/local-window-versions.ts';
import { clickhouseDdl } from '../compile/clickhouse/ddl.ts';
import { keepDeadLetters } from '../compile/clickhouse/dead-letters-table.ts';
import { clickhouseMigration } from '../compile/clickhouse/migration.ts';
import type { Pipeline } from '../define/pipeline.ts';
import { MillraceError } from '../errors.ts';
import { type Change, difference } from '../plan/difference.ts';
import type { Plan, Retired, RollupPlan, WindowPlan } from '../plan/plan.ts';
import { planOf } from '../plan/plan-of.ts';
import type { Disk } from '../ports/disk.ts';
import { type Store, StoreError } from '../ports/store.ts';
import { RollupTables } from '../rollups/rollup-tables.ts';
import { WindowTables } from '../windows/window-tables.ts';
import { type ApplyRollupsOptions, dropRollups, makeRollups } from './apply-rollups.ts';
import { applyWindows } from './apply-windows.ts';

export interface PlanChange {
  /** What readers see before it; null for a new store. */
  readonly before: Plan | null;
  readonly after: Plan;
  /** What is another than before. */
  readonly changes: readonly Change[];
  readonly tables: RollupTables;
  readonly windowTables: WindowTables;
}

/** The files beside the store that say which plan it was made for, how far its rollups are, and which windows it has. */
export interface KeptPlan {
  readonly disk: Disk;
  readonly keptAt: string;
  readonly rollupsKeptAt: string;
  readonly windowsKeptAt: string;
}

/**
 * What a definition means for the data that is there.
 *
 * @throws MillraceError `plan_conflict` listing every place the stored data cannot follow.
 */
export async function planChange(
  pipeline: Pipeline,
  { disk, keptAt, rollupsKeptAt, windowsKeptAt }: KeptPlan,
): Promise<PlanChange> {
  const kept = await readFileIfThere(disk, keptAt);
  // Plans were kept before there were windows and alerts.
  const stored: Plan | null = kept && { windows: [], alerts: [], ...JSON.parse(kept) };
  const tables = await RollupTables.open(
    localRollupProgress<RollupPlan>(rollupsKeptAt, disk),
    stored?.rollups ?? [],
  );
  const windowTables = await WindowTables.open(
    localWindowVersions<WindowPlan>(windowsKeptAt, disk),
    stored?.windows ?? [],
  );
  if (stored === null)
    return { before: null, after: planOf(pipeline), changes: [], tables, windowTables };
  const windows = windowTables.in('ready').map(({ window }) => window);
  const after = planOf(pipeline, {
    ...stored,
    rollups: usable(tables),
    windows,
    retired: [
      ...stored.retired,
      ...tables.places.map(versionOf),
      ...tables.replayed,
      ...windowTables.versions.map(({ window: { name, version } }) => ({ name, version })),
      ...windowTables.replayed,
    ],
  });
  const seen = usable(tables).filter(
    ({ name, table }, _, all) => all.find((one) => one.name === name)?.table === table,
  );
  const before: Plan = { ...stored, rollups: seen, windows };
  const changes = difference(before, after);
  const conflicts = changes.filter(({ compatible }) => !compatible);
  if (conflicts.length === 0) return { before, after, changes, tables, windowTables };
  const places = conflicts.map(
    ({ place, message, mend }) => `  ${place}: ${message}${mend ? ` ${mend}` : ''}`,
  );
  throw new MillraceError(
    'plan_conflict',
    `The pipeline contradicts the data already stored:\n${places.join('\n')}`,
  );
}

/** The versions whose tables can be gone on with, those that have everything first. */
const usable = (tables: RollupTables): readonly RollupPlan[] =>
  [...tables.in('ready'), ...tables.in('filling')].map(({ rollup }) => rollup);

const versionOf = ({ rollup: { name, version } }: { readonly rollup: RollupPlan }): Retired => ({
  name,
  version,
});

/**
 * Makes the store match the new plan, then keeps the plan beside it; what new
 * rollups lack then is left to be filled in. Nothing may be inserted meanwhile,
 * nor be half inserted: a token that `events` knows would be news to their
 * tables. After a crash it is begun anew, to the same end.
 *
 * @throws MillraceError `plan_conflict` if stored events do not fit the new plan.
 */
export async function applyPlan(
  { before, after, tables, windowTables }: PlanChange,
  options: KeptPlan &
    Omit<ApplyRollupsOptions, 'sameEvents'> & { readonly deadLettersKeepMs: number },
): Promise<void> {
  const { store, database, deadLettersKeepMs, clock } = options;
  const migration =
    before &&
    clickhouseMigration(before, after, {
      database,
      rollups: tables.places
        .filter(({ stage }) => stage === 'ready' || stage === 'filling' || stage === 'kept')
        .map(({ rollup }) => rollup),
    });
  if (migration) {
    for (const check of migration.checks) await holds(check, store);
    const keepMs = before?.keepMs ?? null;
    if (keepMs !== null) await tables.noteEventsGone(clock.now() - keepMs);
    await defineAll(migration.statements, store);
  }
  await defineAll(clickhouseDdl(after, { database, deadLettersKeepMs }).withoutRollups, store);
  for (const { differs, statement } of keepDeadLetters({ database, keepMs: deadLettersKeepMs })) {
    if ((await store.read(differs)).bytes.length > 0) await store.define(statement);
  }
  const sameEvents = JSON.stringify(before?.events) === JSON.stringify(after.events);
  const rollupOptions = { ...options, sameEvents };
  await makeRollups(after, tables, rollupOptions);
  await applyWindows(after, windowTables, sameEvents);
  await keep(after, options);
  if (migration) await defineAll(migration.cleanup, store);
  await dropRollups(after, tables, rollupOptions);
}

/** @throws MillraceError `plan_conflict` if a check of a migration fails. */
export async function holds(check: string, store: Store): Promise<void> {
  try {
    await store.read(check);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new MillraceError(
      'plan_conflict',
      `Events that are stored do not fit the new types of their properties: ${error.message}`,
      { cause: error },
    );
  }
}

export async function defineAll(statements: readonly string[], store: Store): Promise<void> {
  for (const statement of statements) await store.define(statement);
}

async function keep(plan: Plan, { disk, keptAt }: KeptPlan): Promise<void> {
  const document = `${JSON.stringify(plan)}\n`;
  if (document !== (await readFileIfThere(disk, keptAt))) await replaceFile(disk, keptAt, document);
}

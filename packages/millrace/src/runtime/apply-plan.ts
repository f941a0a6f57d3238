import { readFileIfThere, replaceFile } from '../adapters/local-progress/atomic-file.ts';
import { clickhouseDdl } from '../compile/clickhouse/ddl.ts';
import { keepDeadLetters } from '../compile/clickhouse/dead-letters-table.ts';
import { clickhouseMigration } from '../compile/clickhouse/migration.ts';
import type { Pipeline } from '../define/pipeline.ts';
import { MillraceError } from '../errors.ts';
import { difference } from '../plan/difference.ts';
import type { Plan } from '../plan/plan.ts';
import { planOf } from '../plan/plan-of.ts';
import type { Disk } from '../ports/disk.ts';
import { type Store, StoreError } from '../ports/store.ts';

export interface PlanChange {
  /** The plan the store was made for; null for a new store. */
  readonly before: Plan | null;
  readonly after: Plan;
}

/** The file beside the store that says which plan it was made for. */
export interface KeptPlan {
  readonly disk: Disk;
  readonly keptAt: string;
}

/**
 * What a definition means for the data that is there.
 *
 * @throws MillraceError `plan_conflict` listing every place the stored data cannot follow.
 */
export async function planChange(
  pipeline: Pipeline,
  { disk, keptAt }: KeptPlan,
): Promise<PlanChange> {
  const kept = await readFileIfThere(disk, keptAt);
  if (kept === null) return { before: null, after: planOf(pipeline) };
  // Plans were kept before there were windows and alerts.
  const before: Plan = { windows: [], alerts: [], ...JSON.parse(kept) };
  const after = planOf(pipeline, before);
  const conflicts = difference(before, after).filter(({ compatible }) => !compatible);
  if (conflicts.length === 0) return { before, after };
  const places = conflicts.map(
    ({ place, message, mend }) => `  ${place}: ${message}${mend ? ` ${mend}` : ''}`,
  );
  throw new MillraceError(
    'plan_conflict',
    `The pipeline contradicts the data already stored:\n${places.join('\n')}`,
  );
}

/**
 * Makes the store match the new plan, then keeps the plan beside it. Nothing may
 * be inserted meanwhile. After a crash it is begun anew, to the same end.
 *
 * @throws MillraceError `plan_conflict` if stored events do not fit the new plan.
 */
export async function applyPlan(
  { before, after }: PlanChange,
  options: KeptPlan & {
    readonly store: Store;
    readonly database: string;
    readonly deadLettersKeepMs: number;
  },
): Promise<void> {
  const { store, database, deadLettersKeepMs } = options;
  if (before !== null) {
    const { checks, statements, cleanup } = clickhouseMigration(before, after, { database });
    for (const check of checks) await holds(check, store);
    await defineAll(statements, store);
    await keep(after, options);
    await defineAll(cleanup, store);
  }
  await defineAll(clickhouseDdl(after, { database, deadLettersKeepMs }).statements, store);
  for (const { differs, statement } of keepDeadLetters({ database, keepMs: deadLettersKeepMs })) {
    if ((await store.read(differs)).bytes.length > 0) await store.define(statement);
  }
  await keep(after, options);
}

async function holds(check: string, store: Store): Promise<void> {
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

async function defineAll(statements: readonly string[], store: Store): Promise<void> {
  for (const statement of statements) await store.define(statement);
}

async function keep(plan: Plan, { disk, keptAt }: KeptPlan): Promise<void> {
  const document = `${JSON.stringify(plan)}\n`;
  if (document !== (await readFileIfThere(disk, keptAt))) await replaceFile(disk, keptAt, document);
}

import { readFileIfThere, replaceFile } from '../adapters/local-progress/atomic-file.ts';
import { clickhouseDdl } from '../compile/clickhouse/ddl.ts';
import type { Plan } from '../plan/plan.ts';
import type { Store } from '../ports/store.ts';

export interface ApplyPlanOptions {
  readonly plan: Plan;
  readonly store: Store;
  readonly database: string;
  /** The file that holds the plan the store was made for. */
  readonly keptAt: string;
}

/** Makes the store match the plan, and keeps the plan beside it. */
export async function applyPlan({
  plan,
  store,
  database,
  keptAt,
}: ApplyPlanOptions): Promise<void> {
  for (const statement of clickhouseDdl(plan, { database }).statements) {
    await store.define(statement);
  }
  const document = `${JSON.stringify(plan)}\n`;
  if (document !== (await readFileIfThere(keptAt))) await replaceFile(keptAt, document);
}

import { tablesCheck } from '../../compile/clickhouse/tables-check.ts';
import { MillraceError } from '../../errors.ts';
import { defaults } from '../../plan/defaults.ts';
import type { Plan } from '../../plan/plan.ts';
import { resultRows } from '../../ports/result-rows.ts';
import type { Store } from '../../ports/store.ts';

/**
 * Asks the store whether its tables are those of a plan.
 *
 * @returns the names of all that there are.
 * @throws MillraceError `tables_missing`, `tables_differ`, naming them; StoreError.
 */
export async function requireTables(
  store: Store,
  plan: Plan,
  database: string,
): Promise<ReadonlySet<string>> {
  const { deadLettersKeepMs } = defaults;
  const { needed, there, fitting } = tablesCheck(plan, { database, deadLettersKeepMs });
  const tables = new Set((await rows<{ name: string }>(store, there)).map(({ name }) => name));
  const missing = needed.filter(({ table }) => !tables.has(table)).map(({ table }) => table);
  if (missing.length > 0) {
    throw new MillraceError(
      'tables_missing',
      `The database ${database} lacks ${missing.join(', ')}, which the pipeline ${plan.pipeline} has.`,
    );
  }
  const found = new Set(
    (await rows<{ table: string; column: string }>(store, fitting)).map(placeOf),
  );
  const differing = needed
    .flatMap(({ table, columns }) => columns.map((column) => placeOf({ table, column })))
    .filter((place) => !found.has(place));
  if (differing.length === 0) return tables;
  throw new MillraceError(
    'tables_differ',
    `The database ${database} has ${differing.join(', ')} otherwise than the pipeline ${plan.pipeline} says.`,
  );
}

const placeOf = ({ table, column }: { readonly table: string; readonly column: string }): string =>
  `${table}.${column}`;

const rows = async <Row>(store: Store, question: string): Promise<readonly Row[]> =>
  resultRows(await store.read(question));

/**
 * Inserts rows into chDB for some seconds, in a process of its own, and prints
 * what it measured as JSON.
 *
 *   jiti bench/store-inserts.ts reference|own SECONDS WARM_UP_SECONDS FOLDER
 */
import { Session } from 'chdb';
import { openChdbStore } from '../packages/millrace/src/adapters/chdb/chdb-store.ts';
import { clickhouseDdl } from '../packages/millrace/src/compile/clickhouse/ddl.ts';
import { planOf } from '../packages/millrace/src/plan/plan-of.ts';
import pipeline from './bench.config.ts';
import { ownCpuMicros } from './cpu.ts';
import { ownRowsTemplate, referenceRowsTemplate } from './events.ts';
import { referenceTables } from './reference.ts';
import type { Template } from './template.ts';

const rowsPerInsert = 20_000;

interface Target {
  readonly rows: Template;
  insert(rows: Template, first: number): Promise<void>;
  /** Rows in the table, and rows counted by the rollup. */
  counts(): Promise<readonly number[]>;
}

async function referenceTarget(folder: string): Promise<Target> {
  const session = new Session(folder);
  for (const statement of referenceTables) await session.queryAsync(statement);
  return {
    rows: referenceRowsTemplate(rowsPerInsert),
    async insert({ bytes }) {
      await session.insert({
        table: 'reference.events',
        values: bytes,
        format: 'JSONEachRow',
        settings: { async_insert: 0 },
      });
    },
    async counts() {
      const result = await session.queryAsync(
        'SELECT (SELECT count() FROM reference.events), (SELECT sum(events) FROM reference.by_minute)',
        { format: 'TSV' },
      );
      return result.text().split('\t').map(Number);
    },
  };
}

async function ownTarget(folder: string): Promise<Target> {
  const plan = planOf(pipeline);
  const database = 'millrace';
  const tables = clickhouseDdl(plan, { database });
  const store = await openChdbStore({
    folder,
    database,
    partitionsPerInsertMax: plan.partitioning.partsPerInsertMax,
  });
  for (const statement of tables.statements) await store.define(statement);
  return {
    rows: ownRowsTemplate(rowsPerInsert, plan),
    insert: ({ bytes, events }, first) =>
      store.insert({
        table: tables.events.name,
        columns: tables.events.insertColumns,
        lines: bytes,
        rows: events,
        place: { partition: 0, offset: first },
        token: `bench/${first}`,
      }),
    async counts() {
      const { bytes } = await store.read(
        'SELECT (SELECT count() FROM events), (SELECT sum(events) FROM by_minute)',
        { format: 'TSV' },
      );
      return Buffer.from(bytes).toString().split('\t').map(Number);
    },
  };
}

const [kind, seconds, warmUpSeconds, folder = ''] = process.argv.slice(2);
const target = await (kind === 'reference' ? referenceTarget(folder) : ownTarget(folder));
let inserted = 0;

async function insertFor(forSeconds: number): Promise<void> {
  const until = performance.now() + forSeconds * 1000;
  while (performance.now() < until) {
    target.rows.fill(inserted, String(Date.now()));
    await target.insert(target.rows, inserted);
    inserted += rowsPerInsert;
  }
}

await insertFor(Number(warmUpSeconds));
const before = { inserted, cpu: ownCpuMicros(), at: performance.now() };
await insertFor(Number(seconds));
const events = inserted - before.inserted;
const measured = {
  events,
  seconds: (performance.now() - before.at) / 1000,
  cpuMicros: (ownCpuMicros() - before.cpu) / events,
};
const counts = await target.counts();
if (counts.some((count) => count !== inserted)) {
  throw new Error(`inserted ${inserted}, but found ${counts.join(' and ')}`);
}
process.stdout.write(`${JSON.stringify(measured)}\n`);
// The engine keeps threads of its own that would hold the process up.
process.exit(0);

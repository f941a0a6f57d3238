import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openChdbStore } from '../../adapters/chdb/chdb-store.ts';
import type { Plan } from '../../plan/plan.ts';
import { resultRows } from '../../ports/result-rows.ts';
import type { Store } from '../../ports/store.ts';
import { clickhouseDdl } from './ddl.ts';
import type { CanonicalEvent } from './naive.suite.ts';

/** A real store in a temporary folder, which only one test file of a process may have. */
export interface TestStore {
  readonly store: Store;
  /** Creates the tables of a plan in a database of its own. */
  make(plan: Plan, database: string): Promise<void>;
  insert(database: string, events: readonly CanonicalEvent[], token: string): Promise<void>;
  rows(sql: string): Promise<readonly Row[]>;
  close(): Promise<void>;
}

export interface Row {
  readonly [column: string]: unknown;
}

export const openTestStore = async (): Promise<TestStore> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-compile-'));
  const store = await openChdbStore({ folder, database: 'unused' });
  let offset = 0;
  const offsets = new Map<string, number>();
  return {
    store,
    async make(plan, database) {
      for (const statement of clickhouseDdl(plan, { database }).statements)
        await store.define(statement);
    },
    async insert(database, events, token) {
      const name = `${database} ${token}`;
      const first = offsets.get(name) ?? offset;
      if (!offsets.has(name)) offset += events.length;
      offsets.set(name, first);
      const lines = events.map((event) => `${JSON.stringify(event)}\n`);
      await store.insert({
        table: `${database}.events`,
        lines: Buffer.from(lines.join('')),
        rows: events.length,
        token,
        columns: insertColumns,
        place: { partition: 0, offset: first },
      });
    },
    async rows(sql) {
      return resultRows<Row>(await store.read(sql, { settings: exactJson }));
    },
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const insertColumns = [
  'event_id',
  'type',
  'timestamp',
  'received_at',
  'appended_at',
  'late',
  'user_id',
  'anonymous_id',
  'session_id',
  'properties',
  'context',
];

const exactJson = {
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
  output_format_decimal_trailing_zeros: 1,
  date_time_output_format: 'iso',
};

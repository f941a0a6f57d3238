import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openChdbStore } from '../../adapters/chdb/chdb-store.ts';
import type { Store } from '../../ports/store.ts';
import { createSqlGuard, type SqlGuard } from './index.ts';

export interface ShopStore {
  readonly store: Store;
  readonly guard: SqlGuard;
  /** A file next to the store that nobody may read. */
  readonly canaryFile: string;
  /** A path where no statement may make a file. */
  readonly forbiddenFile: string;
  close(): Promise<void>;
}

/** What stands in each place that readers must not reach. */
export const CANARY = 'canary_7f3a';

const events = `CREATE TABLE events (
  event_id String, type LowCardinality(String), timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'), user_id String, anonymous_id String, session_id String,
  properties JSON(price Nullable(Decimal(18, 2)), quantity Nullable(Int32), tags Array(String)),
  context JSON, late Bool, _partition UInt16, _offset UInt64
) ENGINE = MergeTree PARTITION BY toYYYYMM(timestamp) ORDER BY (type, timestamp)`;

/** A small shop in a real engine, with a canary beside everything that may be read. */
export async function openShopStore(): Promise<ShopStore> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-guard-'));
  const canaryFile = join(folder, 'canary.csv');
  writeFileSync(canaryFile, `${CANARY},1\n`);
  const store = await openChdbStore({ folder: join(folder, 'store'), database: 'shop' });
  for (const statement of [
    events,
    'CREATE TABLE dead_letters (code String, reason String, raw String) ENGINE = MergeTree ORDER BY code',
    'CREATE TABLE revenue__v1 (bucket DateTime, currency String, orders UInt64, total Decimal(38, 2), secret String) ENGINE = MergeTree ORDER BY bucket',
    'CREATE VIEW revenue AS SELECT bucket, currency, orders, total FROM revenue__v1',
    'CREATE DATABASE secret',
    'CREATE TABLE secret.canary (c String) ENGINE = MergeTree ORDER BY c',
    'CREATE TABLE secret.joined (k UInt8, c String) ENGINE = Join(ANY, LEFT, k)',
    `INSERT INTO secret.canary VALUES ('${CANARY}')`,
    "INSERT INTO dead_letters VALUES ('bad_json', 'not JSON', '{')",
    `INSERT INTO secret.joined VALUES (1, '${CANARY}')`,
    `INSERT INTO revenue__v1 VALUES ('2026-01-01 00:00:00', 'EUR', 2, 30.5, '${CANARY}')`,
    `CREATE DICTIONARY secret.words (k UInt64, c String) PRIMARY KEY k
      SOURCE(CLICKHOUSE(QUERY 'SELECT toUInt64(1) AS k, c FROM secret.canary')) LAYOUT(FLAT()) LIFETIME(0)`,
  ]) {
    await store.define(statement);
  }
  const types = ['view', 'click', 'add_to_cart', 'purchase'];
  const lines = Array.from({ length: 40 }, (_, index) =>
    JSON.stringify({
      event_id: `e${index}`,
      type: types[index % 4],
      timestamp: Date.UTC(2026, 0, 1, 0, index),
      received_at: Date.UTC(2026, 0, 1, 0, index, 1),
      user_id: `u${index % 5}`,
      session_id: `s${index % 7}`,
      properties: {
        price: `${index}.25`,
        quantity: index,
        tags: ['a', 'b'],
        color: 'red',
        n: index,
      },
      context: { page: { url: `https://shop.example/${index}?utm_source=x` } },
      late: index % 10 === 0,
      _offset: index,
    }),
  );
  await store.insert({
    table: 'events',
    lines: Buffer.from(`${lines.join('\n')}\n`),
    rows: lines.length,
    token: 'events',
  });
  return {
    store,
    guard: createSqlGuard({
      store,
      tables: ['events', 'dead_letters', 'revenue'],
      database: 'shop',
      databaseAliases: ['default'],
    }),
    canaryFile,
    forbiddenFile: join(folder, 'out'),
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

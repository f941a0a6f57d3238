import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  count,
  decimal,
  event,
  optional,
  type Pipeline,
  rollup,
  string,
  sum,
  window,
} from '../../index.ts';
import { planOf } from '../../plan/plan-of.ts';
import { clickhouseDdl } from './ddl.ts';
import { everyKind } from './every-kind.suite.ts';
import { clickhouseMigration } from './migration.ts';
import {
  createVersion,
  cutOffVersion,
  dropVersion,
  hideRollup,
  showVersion,
} from './rollup-versions.ts';

const shop: Pipeline = {
  name: 'shop',
  events: {
    view: event({ product_id: string() }),
    purchase: event({ order_id: string(), value: decimal(18, 2), currency: string() }),
  },
  keep: '400d',
  rollups: [
    rollup('revenue_per_minute', {
      from: 'purchase',
      every: 'minute',
      by: ['currency'],
      measures: { orders: count(), revenue: sum('value') },
      keep: '90d',
    }),
  ],
  windows: [window('busy_minutes', { from: 'view', tumbling: '1m', measures: { views: count() } })],
};
const changed: Pipeline = {
  ...shop,
  keep: '30d',
  partitioning: { partsPerInsert: 50 },
  events: {
    ...shop.events,
    view: event({ product_id: string(), note: optional(string()) }),
  },
  rollups: [
    rollup('revenue_per_minute', {
      from: 'purchase',
      every: 'minute',
      measures: { orders: count(), revenue: sum('value') },
    }),
  ],
  windows: [],
};

const cluster = { name: 'two' };
const database = 'millrace';

const changes = (): readonly string[] => {
  const before = planOf(shop);
  const after = planOf(changed, before);
  const options = { database, rollups: before.rollups, cluster };
  const { checks, statements, cleanup } = clickhouseMigration(before, after, options);
  const versions = after.rollups.flatMap((version) => [
    ...createVersion(version, after, options),
    showVersion(version, 'table', options),
    ...cutOffVersion(version, options),
    ...dropVersion(version, options),
    ...hideRollup(version, options),
  ]);
  return [...checks, ...statements, ...versions, ...cleanup];
};

describe('the text of the statements', () => {
  const text = (statements: readonly string[]): string => `${statements.join(';\n\n')};\n`;

  it('of a small shop', async () => {
    const { statements } = clickhouseDdl(planOf(shop), { database, cluster });
    await expect(text(statements)).toMatchFileSnapshot('cluster.golden.sql');
  });

  it('of a change', async () => {
    await expect(text(changes())).toMatchFileSnapshot('cluster-change.golden.sql');
  });

  it('leaves the names that readers know as they are, and loads a shard', () => {
    const one = clickhouseDdl(planOf(shop), { database });
    const many = clickhouseDdl(planOf(shop), { database, cluster });
    expect(many.readable).toEqual(one.readable);
    expect(many.events).toEqual({ ...one.events, name: 'millrace.events__local' });
    expect(many.deadLetters).toEqual({ ...one.deadLetters, name: 'millrace.dead_letters__local' });
  });
});

/**
 * One engine in this process, which takes itself for both shards of a cluster. Its
 * keeper lives in its memory. Inserts into replicated tables it refuses: it has no
 * address at which replicas could fetch from it.
 */
describe('the statements in a real engine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cluster-'));
  let engine: Session;
  beforeAll(() => {
    const config = join(folder, 'config.xml');
    const shard = '<shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>';
    writeFileSync(
      config,
      `<clickhouse>
        <tcp_port>9000</tcp_port>
        <macros><shard>1</shard><replica>a</replica></macros>
        <zookeeper><implementation>testkeeper</implementation></zookeeper>
        <remote_servers><two>${shard}${shard}</two></remote_servers>
      </clickhouse>`,
    );
    engine = new Session(join(folder, 'data'), { connectionArgs: [`--config-file=${config}`] });
  });
  afterAll(async () => {
    // The engine does not close while it has replicas that never came up.
    await engine.queryAsync('DROP DATABASE IF EXISTS whole SYNC');
    engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const rows = async (sql: string): Promise<readonly unknown[]> => {
    const result = await engine.queryAsync(sql, { format: 'JSONEachRow' });
    const lines = Buffer.from(result.bytes()).toString().split('\n').filter(Boolean);
    return lines.map((line): unknown => JSON.parse(line));
  };
  /** Without what a cluster alone can do: to tell its other servers. */
  const here = (statement: string): string => statement.replace(' ON CLUSTER `two`', '');
  const unreplicated = (statement: string): string =>
    here(statement).replace(/ENGINE = Replicated(\w+)\([^)]*\)/, 'ENGINE = $1');

  it('are understood, each of them', async () => {
    const all = [shop, everyKind].flatMap(
      (pipeline) => clickhouseDdl(planOf(pipeline), { database, cluster }).statements,
    );
    for (const statement of [...all, ...changes()]) {
      expect(await rows(`EXPLAIN AST ${statement}`)).not.toEqual([]);
    }
    for (const statement of all) expect(statement).toContain(' ON CLUSTER `two`');
    await expect(rows('EXPLAIN AST DROP TABLE a SYNC ON CLUSTER `two`')).rejects.toThrow(
      'SYNTAX_ERROR',
    );
  });

  it('make every table, and may be run again', async () => {
    const { statements } = clickhouseDdl(planOf(everyKind), { database: 'whole', cluster });
    for (const statement of [...statements, ...statements])
      await engine.queryAsync(here(statement));
    const paths = await rows(
      `SELECT zookeeper_path FROM system.replicas
       WHERE zookeeper_path != '/clickhouse/tables/1/' || database || '/' || table`,
    );
    expect(paths).toEqual([]);
    const engines = await rows(
      `SELECT table, engine,
         engine_full LIKE '%replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 17280000,%' AS remembers
       FROM system.tables WHERE database = 'whole' AND name LIKE '%\\_\\_local' ORDER BY table`,
    );
    expect(engines).toContainEqual({
      table: 'events__local',
      engine: 'ReplicatedMergeTree',
      remembers: 1,
    });
    expect(engines).toContainEqual({
      table: 'per_second__v1__local',
      engine: 'ReplicatedAggregatingMergeTree',
      remembers: 1,
    });
    expect(engines).not.toContainEqual(expect.objectContaining({ remembers: 0 }));
    const readable = clickhouseDdl(planOf(everyKind), { database: 'whole' }).readable;
    for (const name of readable) expect(await rows(`SELECT * FROM whole.${name}`)).toEqual([]);
  });

  it('read all shards under the names that readers know', async () => {
    const ddl = clickhouseDdl(planOf(shop), { database: 'read', cluster });
    for (const statement of ddl.statements) await engine.queryAsync(unreplicated(statement));
    await engine.queryAsync(
      `INSERT INTO ${ddl.events.name} (event_id, type, timestamp, received_at, properties, late, _partition)
       SELECT toString(number), 'purchase', now64(3), now64(3), '{"value":"2.50","currency":"EUR"}', false, 7
       FROM numbers(3)
       SETTINGS insert_allow_materialized_columns = 1`,
    );
    expect(
      await rows(`SELECT
         (SELECT count() FROM read.events__local) AS one,
         (SELECT count() FROM read.events WHERE _partition = 7) AS both,
         (SELECT uniqExact(event_id) FROM read.events) AS ids,
         (SELECT sum(orders) FROM read.revenue_per_minute) AS orders,
         (SELECT sum(revenue) FROM read.revenue_per_minute WHERE currency = 'EUR') AS revenue,
         (SELECT max(n) FROM (SELECT count() AS n FROM read.revenue_per_minute GROUP BY bucket, currency)) AS rows`),
    ).toEqual([{ one: 3, both: 6, ids: 3, orders: 6, revenue: 15, rows: 1 }]);
  });

  it('refuse what is inserted under those names', async () => {
    for (const table of ['events', 'dead_letters', 'revenue_per_minute__v1']) {
      await expect(
        rows(`INSERT INTO read.${table} SELECT * FROM read.${table}__local`),
      ).rejects.toThrow('STORAGE_REQUIRES_PARAMETER');
    }
  });

  it('follow a change', async () => {
    const read = (statement: string): string =>
      unreplicated(statement).replaceAll('`millrace`', '`read`').replaceAll('/millrace/', '/read/');
    for (const statement of changes()) await engine.queryAsync(read(statement));
    const types = await rows(
      `SELECT table, position(type, 'note Nullable(String)') > 0 AS has_note FROM system.columns
       WHERE database = 'read' AND name = 'properties' ORDER BY table`,
    );
    expect(types).toEqual([
      { table: 'events', has_note: 1 },
      { table: 'events__local', has_note: 1 },
    ]);
    expect(await rows('SELECT count() AS n FROM read.events')).toEqual([{ n: 6 }]);
    const left = await rows(
      `SELECT name FROM system.tables WHERE database = 'read' AND name LIKE 'busy%'`,
    );
    expect(left).toEqual([]);
  });
});

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const durable = 'fsync_after_insert = 1, fsync_part_directory = 1';

/**
 * What Millrace's speed is compared with: the same events in a plain table of
 * typed columns with one rollup, as one would write them by hand.
 */
export const referenceTables: readonly string[] = [
  'CREATE DATABASE reference',
  `CREATE TABLE reference.events (
     event_id String, type LowCardinality(String), timestamp DateTime64(3, 'UTC'),
     user_id String, session_id String,
     product_id String, category String, element String, quantity Int32,
     order_id String, currency String, price Decimal(18, 2)
   ) ENGINE = MergeTree PARTITION BY toYYYYMM(timestamp) ORDER BY (type, timestamp)
   SETTINGS ${durable}`,
  `CREATE TABLE reference.by_minute (
     bucket DateTime('UTC'), type LowCardinality(String),
     events SimpleAggregateFunction(sum, UInt64),
     amount SimpleAggregateFunction(sum, Decimal(38, 2)),
     people AggregateFunction(uniqCombined64, String)
   ) ENGINE = AggregatingMergeTree ORDER BY (bucket, type)
   SETTINGS ${durable}`,
  `CREATE MATERIALIZED VIEW reference.by_minute_fill TO reference.by_minute AS
   SELECT toStartOfMinute(timestamp) AS bucket, type, count() AS events,
          sum(price) AS amount, uniqCombined64State(user_id) AS people
   FROM reference.events GROUP BY bucket, type`,
];

export interface InsertPhase {
  readonly events: number;
  readonly seconds: number;
  /** CPU of the process, µs an event. */
  readonly cpuMicros: number;
}

const jiti = join(
  dirname(createRequire(import.meta.url).resolve('jiti/package.json')),
  'lib/jiti-cli.mjs',
);
const script = fileURLToPath(new URL('./store-inserts.ts', import.meta.url));

/** Bare inserts of 20,000 rows into the reference's tables, or into Millrace's own. */
export async function insertPhase(
  kind: 'reference' | 'own',
  seconds: number,
  warmUpSeconds: number,
): Promise<InsertPhase> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  try {
    const args = [jiti, script, kind, String(seconds), String(warmUpSeconds), folder];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`${script} ${kind} ended with ${code}`);
    const measured: InsertPhase = JSON.parse(output);
    return measured;
  } finally {
    await rm(folder, { recursive: true });
  }
}

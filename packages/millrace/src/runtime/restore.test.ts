import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskObjects } from '../adapters/objects/disk-objects.ts';
import { archivedLines } from '../archive/archived-lines.suite.ts';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { count, decimal, event, rollup, string, sum } from '../index.ts';
import type { CrashPoint } from '../ports/crash-points.ts';
import { type Embedded, type EmbeddedOptions, openEmbedded } from './embedded.ts';
import { endRestore } from './restore-folder.ts';
import { verifying } from './verifying.ts';

class Crash extends Error {}

let folder: string;
let embedded: Embedded | undefined;
let problems: string[];
let failing: { readonly point: CrashPoint; times: number } | null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-restore-'));
  problems = [];
  failing = null;
});
afterEach(async () => {
  await embedded?.close();
  embedded = undefined;
  rmSync(folder, { recursive: true, force: true });
  expect(problems).toEqual([]);
});

const pipeline = {
  name: 'shop',
  events: { purchase: event({ value: decimal(18, 2), currency: string() }) },
  rollups: [
    rollup('sums', {
      from: 'purchase',
      every: 'day',
      by: ['currency'],
      measures: { n: count(), total: sum('value') },
    }),
  ],
};

const archive = () => diskObjects(join(folder, 'archive'));

async function run(data: string, more: Partial<EmbeddedOptions> = {}): Promise<Embedded> {
  await embedded?.close();
  embedded = undefined;
  embedded = await openEmbedded({
    pipeline,
    folder: join(folder, data),
    dedupMemoryBytesMax: 64 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: 0,
    logSegmentBytes: 1024 * 1024,
    inserts: { rowsMax: 15, rowsEnough: 15, rowsEnoughBeside: 15 },
    archive: { objects: archive(), waitMsMax: 3_600_000 },
    reach: (point) => {
      if (point !== failing?.point || failing.times === 0) return;
      failing.times -= 1;
      throw new Crash(point);
    },
    onProblem: (what, error) => {
      if (!(error instanceof Crash)) problems.push(`${what}: ${String(error)}`);
    },
    ...more,
  });
  return embedded;
}

const dayMs = 86_400_000;
const sale = (n: number) => ({
  event_id: `e${n} "/é`,
  type: 'purchase',
  timestamp: Date.now() - (n % 50) * dayMs,
  ...(n % 3 === 0 ? {} : { user_id: `u${n % 5}` }),
  properties: { value: `${n}.50`, currency: n % 2 === 0 ? 'EUR' : 'GBP', note: { n } },
});

async function sell(
  { collector, eventLoader, events }: Embedded,
  from: number,
  to: number,
): Promise<void> {
  const sales = Array.from({ length: to - from }, (_, n) => sale(from + n));
  const body = Buffer.from(JSON.stringify(sales));
  const receipt = await collector.collect(nativeBatch(readJson(body, false, collector.limits)));
  expect(receipt.rejected).toEqual([]);
  await eventLoader.settled(events.end);
}

const rows = async ({ store }: Embedded, sql: string): Promise<readonly string[]> =>
  Buffer.from((await store.read(sql, { format: 'TSV' })).bytes)
    .toString()
    .split('\n')
    .filter(Boolean);
const eventsOf = (from: Embedded) =>
  rows(from, 'SELECT *, _partition, _offset, appended_at FROM events ORDER BY _offset');
const sumsOf = (from: Embedded) => rows(from, 'SELECT * FROM sums ORDER BY ALL');

test('a folder that was lost comes back from the archive, and goes on behind it', async () => {
  const before = await run('data');
  await sell(before, 0, 30);
  await before.archiver?.flush();
  await sell(before, 30, 60);
  await before.archiver?.flush();
  const right = { events: await eventsOf(before), sums: await sumsOf(before) };
  await expect(run('data', { restore: true })).rejects.toMatchObject({ code: 'restore_refused' });
  await expect(run('other')).rejects.toMatchObject({ code: 'archive_ahead' });
  rmSync(join(folder, 'data'), { recursive: true });

  failing = { point: 'restore-begun', times: 1 };
  await expect(run('data', { restore: true })).rejects.toThrow(Crash);
  await expect(run('data')).rejects.toMatchObject({ code: 'restore_unfinished' });
  failing = { point: 'load-inserted', times: 3 };
  const restored = await run('data', { restore: true });
  await restored.eventLoader.settled(restored.events.end);
  expect(await eventsOf(restored)).toEqual(right.events);
  expect(await sumsOf(restored)).toEqual(right.sums);
  await restored.close();
  embedded = undefined;
  await endRestore(join(folder, 'data'));

  const now = await run('data');
  expect(now.events.end).toBe(60);
  // Sent again, they are known; what is new follows on.
  await sell(now, 0, 70);
  expect(now.events.end).toBe(70);
  await now.archiver?.flush();
  const lines = await archivedLines(archive(), 0);
  expect(lines).toHaveLength(70);
  expect(new Set(lines.map((line): string => JSON.parse(line).event_id)).size).toBe(70);
  const report = await verifying(now)(() => {}, AbortSignal.timeout(60_000));
  expect(report).toMatchObject({ equal: true, log: { from: 0, to: 70, missing: 0 } });
});

test('what was being archived when the log was lost is not given out again', async () => {
  const before = await run('data');
  await sell(before, 0, 20);
  await before.archiver?.flush();
  await sell(before, 20, 40);
  failing = { point: 'archive-written', times: Number.POSITIVE_INFINITY };
  await expect(before.archiver?.flush()).rejects.toThrow(Crash);
  await before.close();
  embedded = undefined;
  failing = null;
  rmSync(join(folder, 'data'), { recursive: true });
  const isOfRange = (name: string) => name.endsWith('20-0000000000000000040.parquet');
  const left = (await readdir(join(folder, 'archive'), { recursive: true })).filter(isOfRange);
  expect(left).toHaveLength(1);

  const restored = await run('data', { restore: true });
  await restored.eventLoader.settled(restored.events.end);
  // One object of the range was there, with the events of one day.
  const found = await rows(restored, 'SELECT count(), countIf(_offset >= 20) FROM events');
  expect(found).toEqual(['21\t1']);
  expect(restored.events.end).toBe(40);
  await restored.close();
  embedded = undefined;
  await endRestore(join(folder, 'data'));
  const now = await run('data');
  await sell(now, 40, 50);
  await now.archiver?.flush();
  expect(await archivedLines(archive(), 0)).toHaveLength(31);
});

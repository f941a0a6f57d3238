import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskObjects } from '../adapters/objects/disk-objects.ts';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { count, decimal, definePipeline, event, rollup, sum } from '../index.ts';
import { type Embedded, type EmbeddedOptions, openEmbedded } from './embedded.ts';
import { endRestore } from './restore-folder.ts';
import { verifying } from './verifying.ts';

const shop = definePipeline({
  name: 'shop',
  events: { purchase: event({ value: decimal(18, 2) }) },
  rollups: [
    rollup('daily', {
      ...{ from: 'purchase', every: 'day' },
      measures: { n: count(), total: sum('value') },
    }),
  ],
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-lost-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (news: string[], more: Partial<EmbeddedOptions> = {}): Promise<Embedded> =>
  openEmbedded({
    pipeline: shop,
    folder,
    dedupMemoryBytesMax: 16 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: null,
    logSegmentBytes: 1024,
    onProblem: () => {},
    onNews: (sentence) => news.push(sentence),
    ...more,
  });

async function sell({ collector, eventLoader, events }: Embedded, to: number): Promise<void> {
  const sales = Array.from({ length: to }, (_, n) => ({
    ...{ event_id: `e${n}`, type: 'purchase', user_id: `u${n % 4}` },
    properties: { value: `${n}.00` },
  }));
  const body = Buffer.from(JSON.stringify(sales));
  await collector.collect(nativeBatch(readJson(body, false, collector.limits)));
  await eventLoader.settled(events.end);
}

test('a store that was lost is loaded from the log again', async () => {
  const before = await run([]);
  await sell(before, 40);
  await before.close();
  rmSync(join(folder, 'store'), { recursive: true });
  const news: string[] = [];
  const after = await run(news);
  expect(news).toEqual(['The store was lost; all of it is loaded from the log again.']);
  await sell(after, 50);
  expect(after.events.end).toBe(50);
  const report = await verifying(after)(() => {}, AbortSignal.timeout(120_000));
  expect(report).toMatchObject({ equal: true, log: { from: 0, to: 50, events: 50, missing: 0 } });
  expect(report.rollups).toMatchObject([{ rollup: 'daily', differing: 0 }]);
  await after.close();
});

test('a store that was lost is not begun anew where the log has forgotten what it had', async () => {
  const before = await run([], { logRetentionMs: 0 });
  for (const to of [20, 40]) await sell(before, to);
  await expect.poll(() => before.events.start).toBeGreaterThan(0);
  await before.close();
  rmSync(join(folder, 'store'), { recursive: true });
  for (const _ of [1, 2]) await expect(run([])).rejects.toMatchObject({ code: 'store_lost' });
});

test('what the log has forgotten comes back from the archive, and what the archive lacks from the log', async () => {
  const archive = { objects: diskObjects(join(folder, 'archive')), waitMsMax: 3_600_000 };
  const before = await run([], { logRetentionMs: 0, archive });
  await sell(before, 20);
  await before.archiver?.flush();
  await sell(before, 40);
  await before.archiver?.flush();
  await expect.poll(() => before.events.start).toBeGreaterThan(0);
  await sell(before, 60);
  await before.close();
  rmSync(join(folder, 'store'), { recursive: true });
  await expect(run([], { archive })).rejects.toMatchObject({ code: 'store_lost' });
  const empty = { ...archive, objects: diskObjects(join(folder, 'empty')) };
  await expect(run([], { archive: empty, restore: true })).rejects.toMatchObject({
    code: 'store_lost',
  });

  const restored = await run([], { archive, restore: true });
  await restored.eventLoader.settled(restored.events.end);
  await restored.close();
  await endRestore(folder);
  const after = await run([], { archive });
  await sell(after, 70);
  expect(after.events.end).toBe(70);
  await after.archiver?.flush();
  const report = await verifying(after)(() => {}, AbortSignal.timeout(120_000));
  expect(report).toMatchObject({ equal: true, log: { to: 70, missing: 0 } });
  expect(report.rollups).toMatchObject([{ rollup: 'daily', differing: 0 }]);
  expect(await cell(after, 'SELECT count(), uniqExact(event_id) FROM events')).toBe('70\t70');
  await after.close();
});

test('a person who was forgotten does not come back from the log', async () => {
  const before = await run([]);
  await sell(before, 40);
  await before.forgetter.order({ person: { userId: 'u1', anonymousId: null }, rebuild: false });
  const isDone = () => before.forgetter.orders.every(({ done_at }) => done_at !== null);
  await expect.poll(isDone).toBe(true);
  await before.close();
  rmSync(join(folder, 'store'), { recursive: true });
  const after = await run([]);
  await after.eventLoader.settled(after.events.end);
  expect(await cell(after, "SELECT count(), countIf(user_id = 'u1') FROM events")).toBe('30\t0');
  await after.close();
});

const cell = async ({ store }: Embedded, sql: string): Promise<string> =>
  Buffer.from((await store.read(sql, { format: 'TSV' })).bytes)
    .toString()
    .trim();

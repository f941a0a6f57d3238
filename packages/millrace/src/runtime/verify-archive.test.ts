import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskObjects } from '../adapters/objects/disk-objects.ts';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { count, decimal, definePipeline, event, rollup } from '../index.ts';
import type { VerifyReport } from '../verify/report.ts';
import { type Embedded, openEmbedded } from './embedded.ts';
import { verifying } from './verifying.ts';

const shop = definePipeline({
  name: 'shop',
  events: { purchase: event({ value: decimal(18, 2) }) },
  rollups: [rollup('hourly', { from: 'purchase', every: 'hour', measures: { n: count() } })],
});

let folder: string;
let embedded: Embedded;
const objects = () => diskObjects(join(folder, 'archive'));
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-verify-archive-'));
  embedded = await openEmbedded({
    pipeline: shop,
    folder: join(folder, 'data'),
    dedupMemoryBytesMax: 16 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    // It forgets what the store and the archive have.
    logRetentionMs: 0,
    logSegmentBytes: 1024,
    archive: { objects: objects(), waitMsMax: 3_600_000 },
    archiveCompactRanges: 2,
    onProblem: () => {},
  });
});
afterEach(async () => {
  await embedded.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Of one day, which is one object's, whenever that ends. */
const timestamp = Date.now();

async function archived(from: number, to: number): Promise<void> {
  const { collector, eventLoader, events, archiver } = embedded;
  const sales = Array.from({ length: to - from }, (_, n) => ({
    ...{ event_id: `e${from + n}`, type: 'purchase', timestamp },
    properties: { value: `${from + n}.00` },
  }));
  const body = Buffer.from(JSON.stringify(sales));
  await collector.collect(nativeBatch(readJson(body, false, collector.limits)));
  await eventLoader.settled(events.end);
  await archiver?.flush();
}

async function verified(): Promise<VerifyReport> {
  const log = await embedded.history.withArchive();
  return verifying(embedded, log)(() => {}, AbortSignal.timeout(60_000));
}

test('what the log has forgotten is compared with the archive', async () => {
  await archived(0, 40);
  await archived(40, 80);
  // It is one object by now.
  await expect.poll(() => embedded.compactor?.replaced).toBe(2);
  expect(await objects().list('events/')).toHaveLength(1);
  await expect.poll(() => embedded.events.start).toBeGreaterThan(20);
  expect(await verified()).toMatchObject({
    equal: true,
    log: { from: 0, to: 80, events: 80, missing: 0 },
  });
  const change = (sql: string) => embedded.store.define(`${sql} SETTINGS mutations_sync = 1`);
  await change('ALTER TABLE events DELETE WHERE _offset = 3');
  await change(`ALTER TABLE events UPDATE user_id = 'x' WHERE _offset = 5`);
  const { equal, differences } = await verified();
  expect(equal).toBe(false);
  expect(differences[0]).toMatchObject({ lost: 1, changed: 1 });
  // The log alone does not know.
  const alone = await verifying(embedded)(() => {}, AbortSignal.timeout(60_000));
  expect(alone.differences).toEqual([]);
});

test('an archive that is not what it was is said', async () => {
  for (const from of [0, 40, 80]) await archived(from, from + 40);
  await expect.poll(() => embedded.compactor?.replaced).toBe(2);
  const [second = '', first = ''] = await objects().list('events/');
  const other = (await objects().read(second)) ?? expect.fail('no object');
  await objects().remove(first);
  await expect(verified()).rejects.toMatchObject({ code: 'archive_damaged' });
  await objects().create(first, other);
  await expect(verified()).rejects.toMatchObject({ code: 'archive_damaged' });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openChdbStore } from '../adapters/chdb/chdb-store.ts';
import { diskObjects } from '../adapters/objects/disk-objects.ts';
import { openSegmentLog } from '../adapters/segment-log/segment-log.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { collectJson } from '../collect/collect-json.suite.ts';
import type { ArchiveDecoder } from '../ports/archive-decoder.ts';
import type { ArchiveEncoder } from '../ports/archive-encoder.ts';
import type { LogReader } from '../ports/log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Store } from '../ports/store.ts';
import { ArchivedLog } from './archived-log.ts';
import { Archiver } from './archiver.ts';
import { Manifest } from './manifest.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-archived-log-'));
let store: Store & ArchiveEncoder & ArchiveDecoder;
beforeAll(async () => {
  store = await openChdbStore({ folder: join(folder, 'store'), database: 'millrace' });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const dayMs = 86_400_000;
const now = Date.UTC(2026, 4, 1, 12);

/** Events of several types and days, with all that a line may have. */
const oddTexts = ['', 'é "ü"\t\\/', '\u2028 \u{1f600}', '\\N', '{"a":[1]}', '<b>&amp;'];
const someEvents = (count: number): readonly object[] =>
  Array.from({ length: count }, (_, n) => ({
    event_id: `e${n} ${oddTexts[n % oddTexts.length]}`,
    type: n % 3 === 0 ? 'click' : 'purchase',
    timestamp: now - (n % 5) * dayMs,
    ...(n % 2 === 0 ? { user_id: `u${oddTexts[n % oddTexts.length]}` } : {}),
    properties:
      n % 3 === 0
        ? { element: `é "${n}" ${oddTexts[n % oddTexts.length]}` }
        : { order_id: `o${n}`, value: '12.50', currency: 'EUR', items: [] },
    ...(n % 4 === 0 ? {} : { context: { n, nested: { list: [1.5, null, 'x'] } } }),
  }));

let serial = 0;
async function archived(
  count: number,
  rowsEnough: number,
): Promise<{ readonly lines: readonly string[]; readonly objects: ObjectStore }> {
  serial += 1;
  const { log: memory } = await collectJson(someEvents(count), { clock: { now: () => now } });
  const { lines } = memory;
  const at = join(folder, String(serial));
  const log = await openSegmentLog({ folder: join(at, 'log'), clock: systemClock });
  await log.append(lines.map((value, n) => ({ key: String(n), value })));
  const objects = diskObjects(join(at, 'archive'));
  const archiver = new Archiver({
    ...{ log, partition: 0, objects, encoder: store, clock: systemClock, rowsEnough },
    onRetry: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });
  await archiver.flush();
  await log.close();
  return { lines, objects };
}

const opened = async (objects: ObjectStore): Promise<ArchivedLog> =>
  (await ArchivedLog.open({ objects, decoder: store, partition: 0 })) ?? expect.fail('empty');

/** Everything from an offset on, as whoever loads it reads it. */
async function readAll(log: LogReader, from: number, rowsMax: number): Promise<readonly string[]> {
  const all: string[] = [];
  for (let next = from; next < log.end; ) {
    const slice = await log.read(next, { rowsMax, bytesMax: 2_000 });
    const found = Buffer.from(slice.lines).toString().split('\n').slice(0, -1);
    expect(found).toHaveLength(slice.to - slice.from);
    expect(slice.from).toBe(next);
    expect(slice.appendedAt).toBe(now);
    all.push(...found);
    next = slice.to;
  }
  return all;
}

const meaning = (line: string): unknown => JSON.parse(line);

test('an archive is read as the log was, from any offset in any portions', async () => {
  const { lines, objects } = await archived(100, 30);
  const log = await opened(objects);
  expect([log.start, log.end, log.missing]).toEqual([0, 100, 0]);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 1, max: 50 }),
      async (from, rowsMax) => {
        const found = await readAll(log, from, rowsMax);
        expect(found.map(meaning)).toEqual(lines.slice(from).map(meaning));
      },
    ),
    { numRuns: 10 },
  );
});

test('ranges that nothing is wanted of are passed over', async () => {
  const { objects } = await archived(100, 30);
  const log = await ArchivedLog.open({
    ...{ objects, decoder: store, partition: 0 },
    wanted: ({ name }) => name.includes('0000000000000000060-0000000000000000090'),
  });
  const slice = await log?.read(0, { rowsMax: 100, bytesMax: 1_000_000 });
  expect([slice?.from, slice?.to]).toEqual([60, 90]);
  expect(await log?.read(90, { rowsMax: 100, bytesMax: 1_000_000 })).toMatchObject({
    from: 100,
    to: 100,
  });
});

test('what it lost, or has twice, is said', async () => {
  const { objects } = await archived(100, 50);
  const [range] = await new Manifest(objects).ranges(0);
  const [first, second] = range?.objects ?? [];
  if (first === undefined || second === undefined) return expect.fail('no objects');
  const bytes = (await objects.read(first.name)) ?? expect.fail('no bytes');
  const damaged = { code: 'archive_damaged' };
  const limits = { rowsMax: 100, bytesMax: 1_000_000 };
  await objects.remove(first.name);
  await expect((await opened(objects)).read(0, limits)).rejects.toMatchObject(damaged);
  await objects.create(first.name, bytes);
  const log = await opened(objects);
  expect((await log.read(0, limits)).to).toBe(50);
  await objects.remove(second.name);
  await objects.create(second.name, bytes);
  await expect((await opened(objects)).read(0, limits)).rejects.toMatchObject(damaged);
  // The other range is whole.
  expect((await (await opened(objects)).read(50, limits)).to).toBe(100);
  await objects.create(
    'ranges/00000/0000000000000000040.json',
    Buffer.from('{"partition":0,"from":40,"to":60,"objects":[]}'),
  );
  await expect(opened(objects)).rejects.toMatchObject(damaged);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openChdbStore } from '../adapters/chdb/chdb-store.ts';
import { diskObjects } from '../adapters/objects/disk-objects.ts';
import { openSegmentLog } from '../adapters/segment-log/segment-log.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { collectJson } from '../collect/collect-json.suite.ts';
import type { LogReader } from '../ports/log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { archivedLines } from './archived-lines.suite.ts';
import { ArchivedLog } from './archived-log.ts';
import { Archiver } from './archiver.ts';
import { Manifest } from './manifest.ts';
import { Replacer } from './replacer.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-replacer-'));
let store: Awaited<ReturnType<typeof openChdbStore>>;
let lines: readonly string[];
let archivedBefore: readonly (readonly [string, Uint8Array])[];
const count = 60;
const perRange = 10;

let serial = 0;
const place = (): ObjectStore => {
  serial += 1;
  return diskObjects(join(folder, String(serial)));
};

const archiverOf = (log: LogReader, objects: ObjectStore): Archiver =>
  new Archiver({
    ...{ log, partition: 0, objects, encoder: store, clock: systemClock, rowsEnough: perRange },
    onRetry: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });

beforeAll(async () => {
  store = await openChdbStore({ folder: join(folder, 'store'), database: 'millrace' });
  const dayMs = 86_400_000;
  const now = Date.UTC(2026, 4, 1, 12);
  const events = Array.from({ length: count }, (_, n) => ({
    event_id: `e${n}`,
    ...(n % 3 === 0
      ? { type: 'click', properties: { element: `é "${n}"` } }
      : {
          type: 'purchase',
          properties: { order_id: `o${n}`, value: '1.50', currency: 'EUR', items: [] },
        }),
    timestamp: now - (n % 2) * dayMs,
  }));
  ({ lines } = (await collectJson(events, { clock: { now: () => now } })).log);
  const log = await openSegmentLog({ folder: join(folder, 'log'), clock: systemClock });
  await log.append(lines.map((value, n) => ({ key: String(n), value })));
  const objects = place();
  await archiverOf(log, objects).flush();
  await log.close();
  const names = [...(await objects.list('events/')), ...(await objects.list('ranges/'))];
  archivedBefore = await Promise.all(
    names.map(async (name) => [name, (await objects.read(name)) ?? expect.fail(name)] as const),
  );
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** An archive of its own, with ranges of ten offsets. */
async function archive(): Promise<ObjectStore> {
  const objects = place();
  await Promise.all(archivedBefore.map(([name, bytes]) => objects.create(name, bytes)));
  return objects;
}

const replacerOf = (objects: ObjectStore): Replacer =>
  new Replacer({ objects, rewriter: store, partition: 0 });

const namesSeen = async (objects: ObjectStore): Promise<readonly string[]> => {
  const ranges = await new Manifest(objects).ranges(0);
  return ranges.flatMap((range) => range.objects.map(({ name }) => name)).toSorted();
};

test('puts ranges together, with one object for each day and type', async () => {
  const objects = await archive();
  const range = await replacerOf(objects).replace({ from: 10, to: 40 });
  expect(range).toMatchObject({ from: 10, to: 40, level: 1 });
  expect(range?.objects).toHaveLength(4);
  expect(await archivedLines(objects, 0)).toEqual(lines);
  const ranges = await new Manifest(objects).ranges(0);
  expect(ranges.map(({ from, to }) => [from, to])).toEqual([
    ...[
      [0, 10],
      [10, 40],
      [40, 50],
      [50, 60],
    ],
  ]);
  expect(await objects.list('events/')).toEqual(await namesSeen(objects));
});

test('leaves events out, and objects without any of them as they are', async () => {
  const objects = await archive();
  const before = await namesSeen(objects);
  const without = [12, 13];
  await replacerOf(objects).replace({ from: 10, to: 20 }, without);
  expect(await archivedLines(objects, 0)).toEqual(lines.filter((_, n) => !without.includes(n)));
  const after = await objects.list('events/');
  expect(after).toEqual(await namesSeen(objects));
  expect(after.filter((name) => !before.includes(name))).toHaveLength(2);
  // Together with others, and once more.
  await replacerOf(objects).replace({ from: 0, to: 60 }, [0, 59]);
  const rest = lines.filter((_, n) => ![...without, 0, 59].includes(n));
  expect(await archivedLines(objects, 0)).toEqual(rest);
  const log = await ArchivedLog.open({ objects, decoder: store, partition: 0 });
  const slice = await log?.read(0, { rowsMax: 100, bytesMax: 1_000_000 });
  expect([slice?.from, slice?.to]).toEqual([1, 12]);
});

test('touches nothing where no ranges begin and end', async () => {
  const objects = await archive();
  const replacer = replacerOf(objects);
  expect(await replacer.replace({ from: 5, to: 20 })).toBeNull();
  expect(await replacer.replace({ from: 10, to: 25 })).toBeNull();
  expect(await replacer.replace({ from: 50, to: 70 })).toBeNull();
  expect(await objects.list('replacements/')).toEqual([]);
});

test('a reader under way reads on, up to where the archive ended', async () => {
  const objects = await archive();
  const log = await ArchivedLog.open({ objects, decoder: store, partition: 0 });
  const limits = { rowsMax: 7, bytesMax: 1_000_000 };
  expect(await log?.read(0, limits)).toMatchObject({ from: 0, to: 7 });
  await replacerOf(objects).replace({ from: 0, to: 30 });
  // What it holds, and then what is there by now.
  expect(await log?.read(7, limits)).toMatchObject({ from: 7, to: 10 });
  expect(await log?.read(10, limits)).toMatchObject({ from: 10, to: 17 });
  await replacerOf(objects).replace({ from: 0, to: 60 });
  const found: string[] = [];
  for (let next = 0; next < 60; ) {
    const slice = await log?.read(next, limits);
    found.push(
      ...Buffer.from(slice?.lines ?? '')
        .toString()
        .split('\n')
        .slice(0, -1),
    );
    next = slice?.to ?? expect.fail('no log');
  }
  expect(found).toHaveLength(count);
});

test('reads no further than the archive went when it was opened', async () => {
  const objects = await archive();
  const last = 'ranges/00000/0000000000000000050.json';
  const kept = (await objects.read(last)) ?? expect.fail('no range');
  await objects.remove(last);
  const log = await ArchivedLog.open({ objects, decoder: store, partition: 0 });
  expect(log?.end).toBe(50);
  await objects.create(last, kept);
  await replacerOf(objects).replace({ from: 30, to: 60 });
  const limits = { rowsMax: 100, bytesMax: 1_000_000 };
  expect(await log?.read(40, limits)).toMatchObject({ from: 40, to: 50 });
  expect(await log?.read(50, limits)).toMatchObject({ from: 50, to: 50 });
});

test('an archiver that comes to life again leaves nothing of what was replaced', async () => {
  const objects = await archive();
  const log = await openSegmentLog({ folder: join(folder, 'log'), clock: systemClock });
  let isAsleep = true;
  const waking = archiverOf(log, {
    ...objects,
    async list(prefix) {
      // It had looked before anything was there.
      if (isAsleep) {
        isAsleep = false;
        return [];
      }
      return objects.list(prefix);
    },
  });
  await replacerOf(objects).replace({ from: 0, to: 60 });
  await waking.flush();
  expect(isAsleep).toBe(false);
  await log.close();
  expect(await objects.list('events/')).toEqual(await namesSeen(objects));
});

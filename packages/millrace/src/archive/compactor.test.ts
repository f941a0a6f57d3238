import { expect, test, vi } from 'vitest';
import { memoryObjects } from '../ports/memory-objects.suite.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { Turns } from '../turns.ts';
import { Compactor } from './compactor.ts';
import { Manifest } from './manifest.ts';
import { archiveRange, fill, perRange, read, rewriter } from './offset-files.suite.ts';
import { Replacer } from './replacer.ts';

const waits = { timeout: 60_000 };

function compactorOf(objects: ObjectStore, told: unknown[] = []): Compactor {
  return new Compactor({
    ...{ objects, rewriter, partition: 0, rangesMax: 4, turns: new Turns() },
    onRetry: (_what, error) => told.push(error),
  });
}

const bounds = async (objects: ObjectStore): Promise<readonly (readonly number[])[]> => {
  const ranges = await new Manifest(objects).ranges(0);
  return ranges.map(({ from, to }) => [from / perRange, to / perRange]);
};

const offsets = (ranges: number): readonly number[] =>
  Array.from({ length: ranges * perRange }, (_, offset) => offset);

test('what was there is put together, and what comes', async () => {
  const objects = memoryObjects();
  await fill(objects, 6);
  const compactor = compactorOf(objects);
  compactor.start();
  await vi.waitFor(async () => {
    expect(await bounds(objects)).toEqual([[0, 4], ...[4, 5].map((n) => [n, n + 1])]);
  }, waits);
  for (const n of [6, 7, 8]) compactor.added(await archiveRange(objects, n));
  await vi.waitFor(() => expect(compactor.replaced).toBe(16), waits);
  await compactor.stop();
  expect(await bounds(objects)).toEqual([
    ...[
      [0, 4],
      [4, 8],
      [8, 9],
    ],
  ]);
  expect(await read(objects)).toEqual(offsets(9));
});

test('goes on from what another has replaced meanwhile', async () => {
  const objects = memoryObjects();
  await fill(objects, 3);
  const compactor = compactorOf(objects);
  compactor.start();
  await vi.waitFor(() => expect(compactor.failing).toBeNull(), waits);
  const other = new Replacer({ objects, rewriter, partition: 0 });
  await other.replace({ from: 0, to: 2 * perRange }, [1]);
  for (const n of [3, 4, 5, 6]) compactor.added(await archiveRange(objects, n));
  await vi.waitFor(() => expect(compactor.replaced).toBeGreaterThan(0), waits);
  await compactor.stop();
  expect(await read(objects)).toEqual(offsets(7).filter((offset) => offset !== 1));
});

test('an object that is gone is told, and put together once it is there again', async () => {
  const objects = memoryObjects();
  await fill(objects, 4);
  const [name = ''] = await objects.list('events/');
  const kept = (await objects.read(name)) ?? expect.fail('no object');
  await objects.remove(name);
  const told: unknown[] = [];
  const compactor = compactorOf(objects, told);
  compactor.start();
  await vi.waitFor(() => {
    expect(compactor.failing).toMatchObject({ code: 'archive_damaged' });
  }, waits);
  expect(told[0]).toMatchObject({ code: 'archive_damaged' });
  await objects.create(name, kept);
  await vi.waitFor(() => expect(compactor.failing).toBeNull(), waits);
  await compactor.stop();
  expect(await bounds(objects)).toEqual([[0, 4]]);
  expect(await read(objects)).toEqual(offsets(4));
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ArchiveRewriter } from '../ports/archive-rewriter.ts';
import type { CrashPoint } from '../ports/crash-points.ts';
import { type MemoryObjects, memoryObjects } from '../ports/memory-objects.suite.ts';
import { testObjectStore } from '../ports/object-store.suite.ts';
import { objectName } from './archived-range.ts';
import { Manifest } from './manifest.ts';
import { Replacer } from './replacer.ts';

testObjectStore('objects in memory', async () => memoryObjects());

/** Files that are the offsets of their events, a line each. */
const offsetsIn = (file: Uint8Array): readonly number[] =>
  Buffer.from(file).toString().split('\n').filter(Boolean).map(Number);
const fileOf = (offsets: readonly number[]): Uint8Array =>
  Buffer.from(offsets.map((offset) => `${offset}\n`).join(''));
const rewriter: ArchiveRewriter = {
  async rewrite(files, without) {
    const offsets = files.flatMap(offsetsIn).filter((offset) => !without.includes(offset));
    return offsets.length === 0 ? null : { rows: offsets.length, bytes: fileOf(offsets) };
  },
};

const perRange = 4;
const ranges = 6;
const all = Array.from({ length: ranges * perRange }, (_, offset) => offset);
const typeOf = (offset: number): string => (offset % 3 === 0 ? 'a' : 'b');

async function fill(objects: MemoryObjects): Promise<void> {
  const manifest = new Manifest(objects);
  for (let n = 0; n < ranges; n += 1) {
    const range = { partition: 0, from: n * perRange, to: (n + 1) * perRange };
    const its = all.slice(range.from, range.to);
    const written = [];
    for (const type of ['a', 'b']) {
      const offsets = its.filter((offset) => typeOf(offset) === type);
      const object = { date: '2026-05-01', type, rows: offsets.length };
      const name = objectName(object, range);
      await objects.create(name, fileOf(offsets));
      written.push({ name, ...object });
    }
    await manifest.begin(range);
    await manifest.note({ ...range, objects: written });
  }
}

/** What those who read as the ranges say find. */
async function read(objects: MemoryObjects): Promise<readonly number[]> {
  for (;;) {
    const found = [];
    for (const range of await new Manifest(objects).ranges(0)) {
      for (const { name } of range.objects) found.push(await objects.read(name));
    }
    const files = found.filter((file) => file !== null);
    if (files.length === found.length) return files.flatMap(offsetsIn).toSorted((a, b) => a - b);
  }
}

/** What those find who list names page by page, and read then; null where that fails. */
async function glob(objects: MemoryObjects): Promise<readonly number[] | null> {
  const names: string[] = [];
  for (let name = await objects.after('events/'); name !== undefined; ) {
    if (name.startsWith('events/')) names.push(name);
    name = await objects.after(name);
  }
  const found: Uint8Array[] = [];
  for (const name of names) {
    const file = await objects.read(name);
    if (file === null) return null;
    found.push(file);
  }
  return found.flatMap(offsetsIn);
}

class Death extends Error {}

interface Wish {
  readonly from: number;
  readonly to: number;
  readonly without: readonly number[];
  readonly dies: { readonly at: CrashPoint; readonly passes: number } | null;
}

/** @returns whether it was granted; not if that was impossible by then, or who did it died. */
async function grant({ from, to, without, dies }: Wish, objects: MemoryObjects): Promise<boolean> {
  let passes = dies?.passes ?? 0;
  const reach = (point: CrashPoint): void => {
    if (point === dies?.at && passes-- === 0) throw new Death();
  };
  try {
    const replacer = new Replacer({ objects, rewriter, partition: 0, reach });
    return (await replacer.replace({ from, to }, without)) !== null;
  } catch (error) {
    if (error instanceof Death) return false;
    throw error;
  }
}

const wishes: fc.Arbitrary<Wish> = fc
  .record({
    first: fc.nat(ranges - 1),
    count: fc.integer({ min: 1, max: ranges }),
    without: fc.subarray([...all], { maxLength: 5 }),
    dies: fc.option(
      fc.record({
        at: fc.constantFrom<CrashPoint>(
          'replacement-begun',
          'replacement-written',
          'replacement-noted',
          'replacement-cleaned',
        ),
        passes: fc.nat(2),
      }),
    ),
  })
  .map(({ first, count, without, dies }) => {
    const from = first * perRange;
    const to = Math.min(ranges, first + count) * perRange;
    return { from, to, without: without.filter((at) => at >= from && at < to), dies };
  });

test('whoever replaces at once, and dies at any point, each event is there once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(wishes, { minLength: 1, maxLength: 4 }),
      async (scheduler, wanted) => {
        let isScheduled = false;
        const objects = memoryObjects(async () => {
          if (isScheduled) await scheduler.schedule(Promise.resolve());
        });
        await fill(objects);
        isScheduled = true;
        const working = Promise.all([
          Promise.all(wanted.map((wish) => grant(wish, objects))),
          Promise.all([read(objects), read(objects)]),
          Promise.all([glob(objects), glob(objects)]),
        ]);
        const [granted, seen, globbed] = await scheduler.waitFor(working);
        isScheduled = false;
        await new Replacer({ objects, rewriter, partition: 0 }).recover();
        const mayGo = new Set(wanted.flatMap(({ without }) => without));
        const mustGo = new Set(wanted.flatMap(({ without }, n) => (granted[n] ? without : [])));
        const left = all.filter((offset) => !mayGo.has(offset));
        for (const offsets of seen) {
          expect(new Set(offsets).size).toBe(offsets.length);
          expect(offsets).toEqual(expect.arrayContaining(left));
        }
        // Perhaps twice, but nothing is missed.
        for (const offsets of globbed) {
          if (offsets !== null) expect(offsets).toEqual(expect.arrayContaining(left));
        }
        const after = await read(objects);
        expect(new Set(after).size).toBe(after.length);
        expect(after).toEqual(expect.arrayContaining(left));
        expect(after.filter((offset) => mustGo.has(offset))).toEqual([]);
        // Nothing else lies there.
        expect((await glob(objects))?.toSorted((a, b) => a - b)).toEqual(after);
      },
    ),
    { numRuns: 300 },
  );
}, 120_000);

test('one that comes to life again leaves nothing of what was replaced since', async () => {
  const objects = memoryObjects();
  await fill(objects);
  const other = new Replacer({ objects, rewriter, partition: 0 });
  let isAsleep = true;
  const sleeper = {
    ...objects,
    async create(name: string, bytes: Uint8Array) {
      if (isAsleep && name.startsWith('events/')) {
        isAsleep = false;
        expect(await other.replace({ from: 0, to: 24 }, [5])).not.toBeNull();
      }
      return objects.create(name, bytes);
    },
  };
  await new Replacer({ objects: sleeper, rewriter, partition: 0 }).replace({ from: 0, to: 8 });
  expect(isAsleep).toBe(false);
  const left = all.filter((offset) => offset !== 5);
  expect(await read(objects)).toEqual(left);
  expect((await glob(objects))?.toSorted((a, b) => a - b)).toEqual(left);
});

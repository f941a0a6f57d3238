import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CrashPoint } from '../ports/crash-points.ts';
import { type MemoryObjects, memoryObjects } from '../ports/memory-objects.suite.ts';
import { testObjectStore } from '../ports/object-store.suite.ts';
import { fill, offsetsIn, perRange, read, rewriter } from './offset-files.suite.ts';
import { Replacer } from './replacer.ts';

testObjectStore('objects in memory', async () => memoryObjects());

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

const ranges = 6;
const all = Array.from({ length: ranges * perRange }, (_, offset) => offset);

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
        await fill(objects, ranges);
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
    { numRuns: 100 },
  );
});

test('one that comes to life again leaves nothing of what was replaced since', async () => {
  const objects = memoryObjects();
  await fill(objects, ranges);
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

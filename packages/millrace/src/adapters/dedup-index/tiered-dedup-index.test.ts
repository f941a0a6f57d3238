import { mkdtempSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ScratchFolder } from '../../ports/disk.ts';
import { nodeDisk } from '../node-disk.ts';
import type { DedupIndex } from './dedup-index.ts';
import type { RunFile } from './run-file.ts';
import { runOf } from './run-of.suite.ts';
import { openDedupIndex } from './tiered-dedup-index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dedup-index-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const windowMs = 8_000;
const start = 1_800_000_000_000;
const hashKey = new Uint8Array(16).fill(3);
/** Holds about 2,500 ids. */
const littleMemory = 65_536;
const logFull = expect.objectContaining({ code: 'log_full' });

function open(memoryBytesMax = 1_000_000, residentIdsMin?: number): DedupIndex {
  return openDedupIndex({
    windowMs,
    memoryBytesMax,
    spillFolder: folder,
    hashKey,
    ...(residentIdsMin === undefined ? {} : { residentIdsMin }),
  });
}

const keysOf = (count: number, name = 'id'): string[] =>
  Array.from({ length: count }, (_, index) => `${name} ${index}`);

test('an id is new once, in one call and across calls', () => {
  const index = open();
  const { fresh, freshCount, hashes } = index.admit(['a', 'b', 'a', ''], start);
  expect([...fresh]).toEqual([1, 1, 0, 1]);
  expect(freshCount).toBe(3);
  expect(hashes.length).toBe(48);
  expect([...index.admit(['', 'c', 'b'], start).fresh]).toEqual([0, 1, 0]);
  expect(index.ids).toBe(4);
});

test('ids of any kind are told apart', () => {
  const index = open();
  const odd = [
    '',
    '\0',
    'é',
    'e\u0301',
    '\ufffd',
    '\ud800',
    '😀',
    'x'.repeat(128),
    'x'.repeat(127),
  ];
  expect(index.admit(odd, start).freshCount).toBe(odd.length);
  expect(index.admit(odd, start).freshCount).toBe(0);
});

test('an id is known for two windows from its first admission, and new after three', () => {
  const index = open();
  index.admit(['a'], start);
  // A duplicate does not renew the time.
  expect(index.admit(['a'], start + windowMs).freshCount).toBe(0);
  expect(index.admit(['a'], start + 2 * windowMs).freshCount).toBe(0);
  expect(index.admit(['a'], start + 2 * windowMs + index.sliceMs).freshCount).toBe(1);
});

test('a clock that steps back costs nothing within the window', () => {
  const index = open();
  index.admit(['a'], start);
  index.advance(start + 2 * windowMs);
  expect(index.admit(['a', 'b'], start + windowMs).fresh).toEqual(Uint8Array.of(0, 1));
  expect(index.admit(['b'], start + 2 * windowMs).freshCount).toBe(0);
});

test('a clock that was wildly wrong for a while does not stay wrong', () => {
  const index = open();
  index.admit(['a'], start + 1e12);
  expect(index.admit(['b'], start).freshCount).toBe(1);
  expect(index.admit(['b'], start + windowMs).freshCount).toBe(0);
  expect(index.admit(['b'], start + 3 * windowMs).freshCount).toBe(1);
});

test('the horizon is the start of the oldest slice remembered', () => {
  const index = open();
  expect(index.sliceMs).toBe(windowMs / 8);
  expect(index.horizon(start)).toBe(start - 2 * windowMs);
  expect(index.horizon(start + 999)).toBe(start - 2 * windowMs);
  expect(index.horizon(start + 1_000)).toBe(start - 2 * windowMs + 1_000);
});

test('what was loaded is known until it expires, whatever the order', () => {
  const keys = keysOf(1_000);
  const { hashes } = open().admit(keys, start);
  const index = open();
  // Four bytes in: a view of a larger file need not be aligned.
  const file = Buffer.concat([Buffer.from('head'), hashes]);
  index.load(file.subarray(4), start + windowMs);
  index.load(file.subarray(4), start);
  expect(index.ids).toBe(keys.length);
  expect(index.admit(keys, start + 3 * windowMs).freshCount).toBe(0);
  expect(index.admit(keys, start + 4 * windowMs).freshCount).toBe(keys.length);
  expect(() => index.load(file, start + 4 * windowMs)).toThrow(RangeError);
});

test('more slices than generations can be told apart in memory go to disk', () => {
  const index = open();
  const { hashes } = open().admit(keysOf(600), start);
  // No time is known yet, so nothing expires.
  for (let slice = 0; slice < 600; slice++) {
    index.load(hashes.subarray(slice * 16, slice * 16 + 16), start + slice * index.sliceMs);
  }
  expect(index.ids).toBe(600);
  expect(index.spilledIds).toBeGreaterThan(0);
  const end = start + 599 * index.sliceMs;
  const { fresh } = index.admit(keysOf(600), end);
  // Two windows are sixteen slices, and the current one.
  expect([...fresh.subarray(599 - 16)]).not.toContain(1);
  expect([...fresh.subarray(0, 599 - 24)]).not.toContain(0);
});

test('ids beyond memory are found on disk, expire there, and their files go', () => {
  const index = open(littleMemory);
  const keys = keysOf(10_000);
  expect(index.admit(keys, start).freshCount).toBe(keys.length);
  expect(index.memoryBytes).toBeLessThanOrEqual(littleMemory);
  expect(index.spilledIds).toBeGreaterThan(5_000);
  expect(index.spilledBytes).toBe(index.spilledIds * 16);
  expect(index.ids).toBe(keys.length);
  expect(index.admit(keys, start + 2 * windowMs).freshCount).toBe(0);
  index.advance(start + 3 * windowMs);
  expect(index.ids).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
  expect(index.admit(keys, start + 3 * windowMs).freshCount).toBe(keys.length);
  index.close();
  expect(readdirSync(folder)).toEqual([]);
});

test('a spill goes on step by step while ids are admitted and forgotten', () => {
  const memoryBytesMax = 400_000;
  const index = open(memoryBytesMax);
  const remembered: string[] = [];
  const forgotten: string[] = [];
  let at = start;
  // Of each group every second id could not be written.
  for (let group = 0; index.spilledIds < 20_000; group++) {
    const keys = keysOf(100, `group ${group}`);
    const { hashes } = index.admit(keys, at);
    for (const [position, key] of keys.entries()) {
      if (position % 2 === 0) {
        remembered.push(key);
      } else {
        index.forget(hashes.subarray(position * 16, position * 16 + 16), at);
        forgotten.push(key);
      }
    }
    index.advance(at);
    at += 5;
    expect(index.memoryBytes).toBeLessThanOrEqual(memoryBytesMax);
  }
  expect(index.admit(remembered, at).freshCount).toBe(0);
  expect(index.admit(forgotten, at).freshCount).toBe(forgotten.length);
});

test('ids that are forgotten when half of a spill is done are new again', () => {
  const index = open(400_000);
  const first = keysOf(1_000, 'first');
  const { hashes } = index.admit(first, start);
  let groups = 0;
  // A run has been begun, and does not count yet.
  while (readdirSync(folder).length === 0) index.admit(keysOf(100, `group ${groups++}`), start);
  index.advance(start);
  expect(index.spilledIds).toBe(0);
  index.forget(hashes, start);
  while (index.spilledIds === 0) index.advance(start);
  expect(index.admit(first, start).freshCount).toBe(first.length);
  expect(index.admit(first, start).freshCount).toBe(0);
});

test('ids that were spilled before they are forgotten are new again, once', () => {
  const index = open(littleMemory);
  const keys = keysOf(6_000);
  const { hashes } = index.admit(keys, start);
  expect(index.spilledIds).toBeGreaterThan(2_000);
  // The first of them are on disk by now, the last are not.
  const early = hashes.subarray(0, 100 * 16);
  const late = hashes.subarray(-100 * 16);
  index.forget(Buffer.concat([early, late]), start);
  expect(index.admit(keys, start).freshCount).toBe(200);
  expect(index.admit(keys, start).freshCount).toBe(0);
});

test('filters take half of the memory at most; without them answers are the same', () => {
  const index = open(littleMemory);
  const keys = keysOf(30_000);
  index.admit(keys, start);
  // Filters for all of them would take more than that.
  expect(keys.length * 1.5).toBeGreaterThan(littleMemory / 2);
  expect(index.memoryBytes).toBeLessThanOrEqual(littleMemory);
  expect(index.admit(keysOf(500), start).freshCount).toBe(0);
  expect(index.admit(keysOf(500, 'other'), start).freshCount).toBe(500);
});

describe('a run of ids that memory has', () => {
  const slices = { oldest: start / 1_000, newest: start / 1_000 };
  const keys = keysOf(20_000);
  let stored: string;
  let scratch: ScratchFolder;
  let index: DedupIndex;
  beforeEach(() => {
    stored = mkdtempSync(join(tmpdir(), 'dedup-index-stored-'));
    scratch = nodeDisk.openScratch(stored, '.run');
    index = open(4_000_000, 0);
  });
  afterEach(() => {
    index.close();
    rmSync(stored, { recursive: true });
  });

  /** Until nothing is left to be done. */
  function settle(): void {
    for (let step = 0; step < 100; step++) index.advance(start);
  }

  /** A run of these ids, which memory has and may let go of. */
  function toUnload(hashes: Buffer): RunFile {
    const run = runOf(hashes, scratch, slices);
    index.attach(run);
    index.unload(run);
    return run;
  }

  /** Two of them, each with half of the ids. */
  const halvesToUnload = (hashes: Buffer): readonly RunFile[] => {
    const middle = hashes.length / 2;
    return [hashes.subarray(0, middle), hashes.subarray(middle)].map(toUnload);
  };

  test('takes them over while others arrive, and memory is free for these', () => {
    const run = runOf(index.admit(keys, start).hashes, scratch, slices);
    const full = index.memoryBytes;
    index.attach(run);
    index.unload(run);
    expect(index.ids).toBe(keys.length);
    for (let group = 0; group < 100; group++)
      expect(index.admit(keysOf(100, `group ${group}`), start).freshCount).toBe(100);
    expect(index.ids).toBe(keys.length + 10_000);
    settle();
    expect(index.ids).toBe(keys.length + 10_000);
    expect(index.memoryBytes - run.memoryBytes).toBeLessThan(full * 0.7);
    expect(index.admit(keys, start + 2 * windowMs).freshCount).toBe(0);
    expect(index.admit(keys, start + 3 * windowMs).freshCount).toBe(keys.length);
    expect(readdirSync(stored)).toEqual([]);
  });

  test('is not asked, nor what is made of such, until memory has more than it keeps', () => {
    index.close();
    index = open(4_000_000, 30_000);
    const { hashes } = index.admit(keys, start);
    const runs = halvesToUnload(hashes);
    const all = runOf(hashes, scratch, slices);
    index.attach(all, runs);
    settle();
    // Without its pages it would refuse one new id in 150, if it were asked.
    const [name = ''] = readdirSync(stored);
    truncateSync(join(stored, name), 0);
    expect(index.admit(keysOf(8_000, 'more'), start).freshCount).toBe(8_000);
    settle();
    expect(index.admit(keys, start).freshCount).toBe(0);
    index.admit(keysOf(8_000, 'still more'), start);
    settle();
    expect(() => index.admit(keysOf(8_000, 'yet more'), start)).toThrow(logFull);
  });

  test('is asked once it is made one with what memory let go of', () => {
    index.close();
    index = open(4_000_000, 8_000);
    const { hashes } = index.admit(keys.slice(0, 10_000), start);
    const one = toUnload(hashes);
    settle();
    const rest = index.admit(keys.slice(10_000, 15_000), start).hashes;
    const other = toUnload(rest);
    index.attach(runOf(Buffer.concat([hashes, rest]), scratch, slices), [one, other]);
    expect(index.admit(keys.slice(0, 15_000), start).freshCount).toBe(0);
    expect(index.ids).toBe(15_000);
  });

  test('leaves to memory what was admitted again after its time', () => {
    const later = start + 3 * windowMs;
    const run = runOf(index.admit(['a'], start).hashes, scratch, slices);
    index.admit(['a'], later);
    index.advance(start + windowMs);
    index.attach(run);
    index.unload(run);
    settle();
    expect(index.admit(['a'], later + windowMs).freshCount).toBe(0);
  });

  test('takes over no more where it cannot be read, and memory keeps what it is given again', () => {
    const { hashes } = index.admit(keys, start);
    const run = toUnload(hashes);
    index.advance(start);
    const [name = ''] = readdirSync(stored);
    truncateSync(join(stored, name), 40_960);
    settle();
    expect(() => index.admit(keys, start)).toThrow(logFull);
    index.stopUnloading(run);
    index.load(hashes, start);
    settle();
    index.detach(run);
    expect(index.ids).toBe(keys.length);
    expect(index.admit(keys, start).freshCount).toBe(0);
  });

  test('is stopped in the middle of it, and memory keeps what it is given again', () => {
    const { hashes } = index.admit(keys, start);
    const run = toUnload(hashes);
    index.advance(start);
    index.stopUnloading(run);
    index.load(hashes, start);
    settle();
    index.detach(run);
    expect(index.admit(keys, start).freshCount).toBe(0);
  });

  test('goes on where it is made one with others', () => {
    const { hashes } = index.admit(keys, start);
    const runs = halvesToUnload(hashes);
    index.advance(start);
    const full = index.memoryBytes;
    const all = runOf(hashes, scratch, slices);
    index.attach(all, runs);
    expect(index.ids).toBe(keys.length);
    settle();
    expect(index.ids).toBe(keys.length);
    expect(index.memoryBytes).toBeLessThan(full / 2);
    expect(index.admit(keys, start).freshCount).toBe(0);
  });
});

test('runs of an earlier process are removed, and nothing else', () => {
  writeFileSync(join(folder, '7.run'), 'old');
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  open();
  expect(readdirSync(folder)).toEqual(['notes.txt']);
});

test('if ids cannot be spilled, a group is refused whole, and all else stays known', () => {
  const index = open(littleMemory);
  const known = keysOf(100, 'known');
  index.admit(known, start);
  renameSync(folder, `${folder}-away`);
  const keys = keysOf(6_000);
  expect(() => index.admit(keys, start)).toThrow(logFull);
  expect(index.ids).toBe(known.length);
  renameSync(`${folder}-away`, folder);
  expect(index.admit(keys, start).freshCount).toBe(keys.length);
  expect(index.admit(known, start).freshCount).toBe(0);
});

test('if ids on disk cannot be read, a group is refused whole', () => {
  const index = open(littleMemory);
  index.admit(keysOf(10_000), start);
  const ids = index.ids;
  for (const name of readdirSync(folder)) truncateSync(join(folder, name), 0);
  expect(() => index.admit(['new', ...keysOf(10)], start)).toThrow(logFull);
  expect(index.ids).toBe(ids);
});

test('settings that cannot work are refused', () => {
  expect(() => open(1_000)).toThrow(RangeError);
  expect(() =>
    openDedupIndex({ windowMs: 0, memoryBytesMax: 1e6, spillFolder: folder, hashKey }),
  ).toThrow(RangeError);
});

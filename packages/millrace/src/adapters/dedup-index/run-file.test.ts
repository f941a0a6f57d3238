import {
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeDisk } from '../node-disk.ts';
import { RunWriter } from './run-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-file-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const slices = { oldest: 1, newest: 2 };

/** Hashes in order; `perWord` in a row share their first word. */
function orderedHashes(count: number, perWord: number): DataView {
  const hashes = new DataView(new ArrayBuffer(count * 16));
  for (let index = 0; index < count; index++) {
    const word = Math.floor(index / perWord) * Math.floor((2 ** 32 / count) * perWord);
    hashes.setUint32(index * 16, word, true);
    hashes.setUint32(index * 16 + 4, index * 2, true);
    hashes.setUint32(index * 16 + 8, Math.imul(index, 0x9e3779b1) >>> 0, true);
    hashes.setUint32(index * 16 + 12, Math.imul(index, 0x85ebca6b) >>> 0, true);
  }
  return hashes;
}

function written(hashes: DataView) {
  const writer = new RunWriter(
    nodeDisk.openScratch(folder, '.run'),
    '1.run',
    slices,
    hashes.byteLength / 16,
  );
  for (let at = 0; at < hashes.byteLength; at += 16) writer.append(hashes, at);
  return writer.finish();
}

test.each([
  { count: 1, perWord: 1 },
  { count: 256, perWord: 1 },
  { count: 257, perWord: 1 },
  { count: 3_000, perWord: 1 },
  { count: 3_000, perWord: 700 },
])('finds each of $count hashes, $perWord with one first word, and no other', (shape) => {
  const hashes = orderedHashes(shape.count, shape.perWord);
  const run = written(hashes);
  const other = new DataView(new ArrayBuffer(16));
  for (const isFiltered of [true, false]) {
    if (!isFiltered) run.dropFilter();
    let found = 0;
    let mistaken = 0;
    for (let at = 0; at < hashes.byteLength; at += 16) {
      if (run.has(hashes, at)) found++;
      for (let byte = 0; byte < 16; byte++) other.setUint8(byte, hashes.getUint8(at + byte));
      other.setUint32(4, other.getUint32(4, true) + 1, true);
      if (run.has(other, 0)) mistaken++;
    }
    expect({ found, mistaken }).toEqual({ found: shape.count, mistaken: 0 });
  }
  expect(run.ids).toBe(shape.count);
  expect(statSync(join(folder, '1.run')).size).toBe(run.fileBytes);
  run.close();
  expect(readdirSync(folder)).toEqual([]);
});

test('an empty run has nothing', () => {
  const run = written(orderedHashes(0, 1));
  run.dropFilter();
  expect(run.has(orderedHashes(1, 1), 0)).toBe(false);
});

test('what is forgotten, while writing or after, is not found', () => {
  const hashes = orderedHashes(1_000, 1);
  const writer = new RunWriter(nodeDisk.openScratch(folder, '.run'), '1.run', slices, 1_000);
  for (let at = 0; at < hashes.byteLength; at += 16) writer.append(hashes, at);
  writer.forget(hashes, 16);
  const run = writer.finish();
  run.forget(hashes, 32);
  expect([0, 16, 32, 48].map((at) => run.has(hashes, at))).toEqual([true, false, false, true]);
});

test('a page that changed or went away is an error, not an answer', () => {
  const hashes = orderedHashes(10_000, 1);
  const run = written(hashes);
  const path = join(folder, '1.run');
  const last = hashes.byteLength - 16;
  expect(run.has(hashes, last)).toBe(true);
  truncateSync(path, last);
  expect(() => run.has(hashes, last)).toThrow(/Cannot read .*1\.run/);
  expect(run.has(hashes, 0)).toBe(true);
  writeFileSync(path, Buffer.alloc(hashes.byteLength), { flag: 'r+' });
  expect(() => run.has(hashes, 0)).toThrow(expect.objectContaining({ code: 'log_full' }));
});

test('a file that cannot be made is an error', () => {
  const scratch = nodeDisk.openScratch(join(folder, 'gone'), '.run');
  rmdirSync(join(folder, 'gone'));
  expect(() => new RunWriter(scratch, '1.run', slices, 1)).toThrow(
    expect.objectContaining({ code: 'log_full' }),
  );
});

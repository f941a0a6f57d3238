import { randomFillSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeDisk } from '../node-disk.ts';
import { RunFile } from './run-file.ts';
import { sortHashes } from './sort-hashes.ts';
import {
  readStoredRun,
  type StoredRun,
  storedHashes,
  storedPartBytes,
  writeStoredRun,
} from './stored-run.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stored-run-'));
  path = join(folder, '1.run');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const seed = 4711;
const about = Buffer.from('what it is of');

async function* partsOf(hashes: DataView): AsyncGenerator<DataView> {
  for (let at = 0; at < hashes.byteLength; at += storedPartBytes)
    yield new DataView(hashes.buffer, at, Math.min(storedPartBytes, hashes.byteLength - at));
}

async function stored(count: number, ids = count): Promise<DataView> {
  const hashes = sortHashes(randomFillSync(Buffer.alloc(count * 16)));
  await writeStoredRun(nodeDisk, path, { ids, hashes: partsOf(hashes), about }, seed);
  return hashes;
}

async function read(readSeed = seed): Promise<StoredRun | undefined> {
  const file = await nodeDisk.open(path, 'read');
  try {
    return await readStoredRun(file, readSeed);
  } finally {
    await file.close();
  }
}

/** All its hashes, in order. */
async function hashesOf(run: StoredRun): Promise<Buffer> {
  const file = await nodeDisk.open(path, 'read');
  try {
    const parts: Buffer[] = [];
    for await (const part of storedHashes(file, run))
      parts.push(Buffer.from(Buffer.from(part.buffer, part.byteOffset, part.byteLength)));
    return Buffer.concat(parts);
  } finally {
    await file.close();
  }
}

test.each([1, 256, 257, 20_000])(
  'a run of %d hashes is asked as soon as it is read',
  async (count) => {
    const hashes = await stored(count);
    const run = await read();
    if (run === undefined) throw new Error('it cannot be read');
    expect(run.ids).toBe(count);
    expect(run.about).toEqual(about);
    expect(run.fileBytes).toBe(readFileSync(path).length);
    const { ids, index } = run;
    const slices = { oldest: 1, newest: 1 };
    const file = new RunFile({ slices, file: nodeDisk.openSync(path), ids, index });
    const others = sortHashes(randomFillSync(Buffer.alloc(count * 16)));
    let found = 0;
    for (let at = 0; at < hashes.byteLength; at += 16) {
      if (file.has(hashes, at)) found++;
      if (file.has(others, at)) found++;
    }
    expect(found).toBe(count);
    file.close();
    expect(await hashesOf(run)).toEqual(Buffer.from(hashes.buffer));
  },
);

test('a byte that changed is found: behind the hashes when it is opened, in them when they are read', async () => {
  const hashes = await stored(300);
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(at) ^ 0x10, at);
    writeFileSync(path, damaged);
    const run = await read();
    if (at >= hashes.byteLength) expect(run).toBeUndefined();
    else if (run === undefined) expect.fail('the index is whole');
    else await expect(hashesOf(run)).rejects.toThrow('not as it was written');
  }
});

test('a file that is cut short, or of another log, is none', async () => {
  await stored(300);
  expect(await read(seed + 1)).toBeUndefined();
  const whole = readFileSync(path);
  for (let size = 0; size < whole.length; size += 7) {
    writeFileSync(path, whole.subarray(0, size));
    expect(await read()).toBeUndefined();
  }
});

test('more or fewer hashes than were said are refused', async () => {
  await expect(stored(10, 9)).rejects.toThrow('more hashes');
  await expect(stored(10, 11)).rejects.toThrow('fewer hashes');
});

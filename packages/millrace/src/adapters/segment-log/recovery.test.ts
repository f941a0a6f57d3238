import {
  copyFileSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFrom, records } from '../../ports/log.suite.ts';
import { type TestLog, testLog } from './fixture.suite.ts';

const values = (...keys: string[]): string[] => keys.map((key) => `value of ${key}`);
const damaged = { code: 'log_corrupt' };

/** The newest segment's path. */
function newest(its: TestLog): string {
  return join(its.folder, its.names('.log').at(-1) ?? '');
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
  writeFileSync(path, bytes);
}

/** Four frames of one or two records, marks with each, killed. Sizes: of the file after each frame. */
async function killed(): Promise<{ its: TestLog; sizes: number[] }> {
  const first = testLog();
  const log = await first.open();
  const sizes = [statSync(newest(first)).size];
  for (const [position, keys] of [['a'], ['b', 'c'], ['d'], ['e', 'f']].entries()) {
    await log.append(records(...keys), { mark: { producer: 'p', position } });
    sizes.push(statSync(newest(first)).size);
  }
  return { its: first.crashed(), sizes };
}

const lastOffsets = [0, 1, 3, 4, 6];
const all = ['a', 'b', 'c', 'd', 'e', 'f'];

describe('opening a log after a crash', () => {
  test('whole frames are kept, with their marks and ids', async () => {
    const { its } = await killed();
    const log = await its.open();
    expect(await readFrom(log, 0)).toEqual(values(...all));
    expect(log.marks()).toEqual(new Map([['p', 3]]));
    expect(await log.append(records('f', 'g', 'a'))).toEqual({ appended: 1, duplicates: 2 });
  });

  test('a file cut at any byte of its last two frames goes on behind its last whole one', async () => {
    const { its, sizes } = await killed();
    const path = newest(its);
    const whole = readFileSync(path);
    const from = sizes[2] ?? 0;
    for (let size = from; size < whole.length; size++) {
      writeFileSync(path, whole.subarray(0, size));
      const frames = sizes.findLastIndex((each) => each <= size);
      const end = lastOffsets[frames];
      const log = await its.open();
      expect(log.end).toBe(end);
      expect(log.marks()).toEqual(new Map([['p', frames - 1]]));
      // What was lost is new again, what was kept is not, and both are read in order.
      const receipt = await log.append(records(...all));
      expect(receipt).toEqual({ appended: all.length - (end ?? 0), duplicates: end });
      expect(await readFrom(log, 0)).toEqual(values(...all));
      await log.close();
    }
  });

  test.each(['zeros', 'noise'])('a torn last frame of %s is cut', async (kind) => {
    const { its, sizes } = await killed();
    const path = newest(its);
    const whole = readFileSync(path);
    for (let at = sizes[3] ?? 0; at < whole.length; at += 3) {
      const torn = Buffer.from(whole);
      torn.fill(kind === 'zeros' ? 0 : 0x5a, at);
      writeFileSync(path, torn);
      const log = await its.open();
      expect(await readFrom(log, 0)).toEqual(values('a', 'b', 'c', 'd'));
      expect(statSync(path).size).toBe(sizes[3]);
      await log.close();
    }
  });

  test('a flipped bit anywhere before the last frame is refused, by file and byte', async () => {
    const { its, sizes } = await killed();
    const path = newest(its);
    for (let at = 0; at < (sizes[3] ?? 0); at++) {
      flip(path, at);
      const frame = sizes.findLast((size) => size <= at) ?? 0;
      const open = its.open();
      await expect(open).rejects.toMatchObject(damaged);
      await expect(open).rejects.toThrow(`${path} at byte ${frame}`);
      flip(path, at);
    }
    // Nothing of it was changed by refusing.
    expect(await readFrom(await its.open(), 0)).toEqual(values(...all));
  });

  test('cutting the file where the error says gives up what is behind', async () => {
    const { its, sizes } = await killed();
    flip(newest(its), (sizes[1] ?? 0) + 45);
    await expect(its.open()).rejects.toThrow(`at byte ${sizes[1]}`);
    truncateSync(newest(its), sizes[1]);
    expect(await readFrom(await its.open(), 0)).toEqual(values('a'));
  });

  test('once closed, a flipped bit in the last records is damage, not a torn write', async () => {
    const its = testLog();
    const log = await its.open();
    await log.append(records('a'));
    const from = statSync(newest(its)).size;
    await log.append(records('b'));
    const to = statSync(newest(its)).size;
    await log.close();
    for (let at = from; at < to; at++) {
      flip(newest(its), at);
      await expect(its.open()).rejects.toMatchObject(damaged);
      flip(newest(its), at);
    }
  });

  test('what a crash left unsynced is written again and synced before it is served', async () => {
    const { its, sizes } = await killed();
    its.disk.done.length = 0;
    await its.open();
    const [before = 0, end = 0] = sizes.slice(-2);
    const file = '00000000000000000000.log';
    const made = its.disk.done.filter(({ name }) => name === 'write' || name === 'sync');
    expect(made).toEqual([
      { name: 'write', file, bytes: end - before },
      { name: 'sync', file, bytes: 0 },
    ]);
  });

  test('frames of another log are not taken for its own', async () => {
    const { its, sizes } = await killed();
    const { its: other } = await killed();
    const mine = readFileSync(newest(its));
    const theirs = readFileSync(newest(other));
    // Same offsets, same sizes: only the seed of the checksum differs.
    writeFileSync(
      newest(its),
      Buffer.concat([mine.subarray(0, sizes[2]), theirs.subarray(sizes[2])]),
    );
    expect(await readFrom(await its.open(), 0)).toEqual(values('a', 'b', 'c'));
  });

  test('a log begun with ids is not opened without', async () => {
    const { its } = await killed();
    await expect(its.open({ dedups: false })).rejects.toThrow('begun with ids');
  });
});

/** Several sealed segments, three records each, and an active one; killed. */
async function killedWithSeals(): Promise<{ its: TestLog; keys: string[] }> {
  const first = testLog({ segmentBytes: 400 });
  const log = await first.open();
  const keys = Array.from({ length: 24 }, (_, key) => `key ${key}`);
  for (const key of keys) await log.append(records(key), { mark: { producer: key, position: 1 } });
  await log.close();
  expect(first.names('.log').length).toBeGreaterThan(4);
  expect(first.names('.ids')).toHaveLength(first.names('.log').length - 1);
  return { its: first.crashed(), keys };
}

async function expectWhole(its: TestLog, keys: string[]): Promise<void> {
  const log = await its.open();
  expect(await readFrom(log, 0)).toEqual(values(...keys));
  expect(log.marks()).toEqual(new Map(keys.map((key) => [key, 1])));
  expect(await log.append(records(...keys))).toEqual({ appended: 0, duplicates: keys.length });
  expect(its.names('.ids')).toHaveLength(its.names('.log').length - 1);
  expect(its.names('.tmp')).toEqual([]);
  await log.close();
}

describe('seals', () => {
  test('tell what is in their segments, whose frames are not read', async () => {
    const { its, keys } = await killedWithSeals();
    const log = await its.open();
    const opened = its.disk.done.filter(({ name }) => name === 'open').map(({ file }) => file);
    expect(opened.filter((file) => file.endsWith('.log'))).toHaveLength(1);
    expect(log.end).toBe(keys.length);
    await log.close();
    await expectWhole(its, keys);
  });

  test('are made again when missing', async () => {
    const { its, keys } = await killedWithSeals();
    for (const name of its.names('.ids')) unlinkSync(join(its.folder, name));
    await expectWhole(its, keys);
  });

  test('are made again when damaged, at any byte', async () => {
    const { its, keys } = await killedWithSeals();
    const path = join(its.folder, its.names('.ids')[1] ?? '');
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += 3) {
      flip(path, at);
      await expectWhole(its, keys);
      expect(readFileSync(path).equals(whole)).toBe(true);
    }
    for (let size = 0; size < whole.length; size += 7) {
      truncateSync(path, size);
      await expectWhole(its, keys);
    }
  });

  test('are not made of a damaged segment', async () => {
    const { its } = await killedWithSeals();
    unlinkSync(join(its.folder, its.names('.ids')[1] ?? ''));
    const path = join(its.folder, its.names('.log')[1] ?? '');
    flip(path, 200);
    await expect(its.open()).rejects.toMatchObject(damaged);
    await expect(its.open()).rejects.toThrow(path);
  });

  test('unfinished files are cleared away', async () => {
    const { its, keys } = await killedWithSeals();
    writeFileSync(join(its.folder, '00000000000000000099.log.tmp'), 'x');
    writeFileSync(join(its.folder, '00000000000000000000.ids.tmp'), 'x');
    await expectWhole(its, keys);
  });
});

describe('damage', () => {
  test('in a sealed segment is told when it is read; the others are still served', async () => {
    const { its, keys } = await killedWithSeals();
    const name = its.names('.log')[2] ?? '';
    const path = join(its.folder, name);
    const base = Number(name.slice(0, 20));
    const end = Number((its.names('.log')[3] ?? '').slice(0, 20));
    const headerBytes = readFileSync(path).indexOf(Buffer.from([0xff, 0x4d, 0x52, 0x46]));
    const limits = { rowsMax: 100, bytesMax: 10_000 };
    for (let at = headerBytes; at < statSync(path).size; at += 5) {
      flip(path, at);
      const log = await its.open();
      const reading = (async () => {
        for (let from = base; from < end; ) from = (await log.read(from, limits)).to;
      })();
      await expect(reading).rejects.toMatchObject(damaged);
      await expect(reading).rejects.toThrow(path);
      expect(await readFrom(log, end)).toEqual(values(...keys.slice(end)));
      expect((await log.read(0, limits)).to).toBeGreaterThan(0);
      await log.close();
      flip(path, at);
    }
  });

  test('a segment that was moved away is given up; reading goes on behind it', async () => {
    const { its, keys } = await killedWithSeals();
    const [, base, end] = its.names('.log').map((name) => Number(name.slice(0, 20)));
    if (base === undefined || end === undefined) throw new Error('too few segments');
    unlinkSync(join(its.folder, its.names('.log')[1] ?? ''));
    const log = await its.open();
    const limits = { rowsMax: 100, bytesMax: 10_000 };
    expect(await log.read(base, limits)).toMatchObject({ from: end });
    expect(await log.read(end - 1, limits)).toMatchObject({ from: end });
    expect(await readFrom(log, 0)).toEqual(values(...keys.slice(0, base), ...keys.slice(end)));
    // Its ids still count.
    expect(await log.append(records(...keys))).toEqual({ appended: 0, duplicates: keys.length });
  });

  test('a newest sealed segment that was moved away is named until a record comes after it', async () => {
    const first = testLog({ segmentBytes: 300 });
    const log = await first.open();
    const keys = Array.from({ length: 4 }, (_, key) => `key ${key}`);
    for (const key of keys) await log.append(records(key));
    const base = Number(newest(first).slice(-24, -4));
    // The next segment is there, and its first frame is not.
    first.disk.fails = ({ name, file }) =>
      name === 'write' && file.endsWith('.log') && Number(file.slice(0, 20)) > base;
    let refused = 0;
    while (refused === 0)
      await log.append(records(`key ${keys.length}`)).then(
        () => keys.push(`key ${keys.length}`),
        () => {
          refused += 1;
        },
      );
    const its = first.crashed();
    const opened = await its.open();
    expect(Number(newest(its).slice(-24, -4))).toBe(opened.end);
    await opened.close();
    const path = join(its.folder, its.names('.log').at(-2) ?? '');
    unlinkSync(path);
    const without = await its.open();
    const limits = { rowsMax: 100, bytesMax: 10_000 };
    await expect(without.read(base, limits)).rejects.toMatchObject(damaged);
    await expect(without.read(base, limits)).rejects.toThrow(`${path} at byte 0: the segment is`);
    await without.append(records('after'));
    expect(await readFrom(without, base)).toEqual(values('after'));
  });

  test('a sealed segment that is cut short is told when it is read', async () => {
    const { its } = await killedWithSeals();
    truncateSync(join(its.folder, its.names('.log')[0] ?? ''), 100);
    const log = await its.open();
    await expect(readFrom(log, 0)).rejects.toMatchObject(damaged);
  });

  test('a missing newest segment is refused: its offsets would be given out again', async () => {
    const { its } = await killedWithSeals();
    unlinkSync(newest(its));
    await expect(its.open()).rejects.toMatchObject(damaged);
    for (const name of its.names('.log')) unlinkSync(join(its.folder, name));
    await expect(its.open()).rejects.toThrow('a newer segment is missing');
  });

  test('a segment under another name is refused', async () => {
    const { its } = await killed();
    copyFileSync(newest(its), join(its.folder, '00000000000000000006.log'));
    await expect(its.open()).rejects.toThrow('header');
  });
});

import { readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFrom, records } from '../../ports/log.suite.ts';
import type { Log } from '../../ports/log.ts';
import { type TestLog, type TestLogOptions, testLog } from './fixture.suite.ts';

const windowMs = 80_000;
const sliceMs = windowMs / 8;
const patience = { timeout: 60_000 };
/** Two or three records a segment, four or five a run. */
const small = { segmentBytes: 300, idsPerRunMin: 4, windowMs };

const keysOf = (count: number): string[] => Array.from({ length: count }, (_, at) => `key ${at}`);
const values = (keys: readonly string[]): string[] => keys.map((key) => `value of ${key}`);

/** What is in no run, because it is not enough for one. */
function loose(its: TestLog): readonly string[] {
  const bases = its.names('.run').map((name) => name.slice(0, 20));
  const last = bases.at(-1) ?? '';
  return its.names('.ids').filter((name) => name > last);
}

/** Waits until no more runs are made: the disk has nothing to do, however slow it is. */
async function settled(its: TestLog): Promise<void> {
  let before = -1;
  await expect
    .poll(() => {
      const { underWay, done } = its.disk;
      const isSettled = underWay === 0 && done.length === before && its.names('.run').length > 0;
      before = done.length;
      return isSettled;
    }, patience)
    .toBe(true);
}

/** Records in many segments, whose runs are made, if they are to be, and a log that was closed. */
async function filled(options: TestLogOptions = {}): Promise<{ its: TestLog; keys: string[] }> {
  const its = testLog({ ...small, ...options });
  const log = await its.open();
  const keys = keysOf(40);
  for (const key of keys) await log.append(records(key));
  if (options !== noRuns) await settled(its);
  await log.close();
  return { its, keys };
}

const noRuns = { idsPerRunMin: 1000 };

/** All are known, and what is new is new. */
async function expectKnown(log: Log, keys: readonly string[]): Promise<void> {
  expect(await log.append(records(...keys))).toEqual({ appended: 0, duplicates: keys.length });
}

describe('a start with runs', () => {
  test('knows every id and reads none that is in a run', async () => {
    const { its, keys } = await filled();
    its.disk.done.length = 0;
    const log = await its.open();
    // A seal is opened once for its summary, and once more for its ids.
    const opened = its.disk.done.filter(
      ({ name, file }) => name === 'open' && file.endsWith('.ids'),
    );
    expect(opened.length - its.names('.ids').length).toBeLessThan(5);
    expect(its.names('.run').length).toBeGreaterThan(0);
    await expectKnown(log, keys);
    expect(await log.append(records('new', ...keys))).toEqual({ appended: 1, duplicates: 40 });
    expect(await readFrom(log, 0)).toEqual(values([...keys, 'new']));
  });

  test('goes on as often as it is started, with few runs', async () => {
    const its = testLog(small);
    const keys: string[] = [];
    for (let start = 0; start < 12; start++) {
      const log = await its.open();
      await expectKnown(log, keys);
      for (let more = 0; more < 15; more++) {
        const key = `key ${start} ${more}`;
        await log.append(records(key));
        keys.push(key);
      }
      await settled(its);
      await log.close();
    }
    expect(its.names('.run').length).toBeLessThan(12);
    expect(loose(its).length).toBeLessThan(20);
  });

  test('makes runs of a log that has none', async () => {
    const { its, keys } = await filled(noRuns);
    expect(its.names('.run')).toEqual([]);
    const log = await its.open(small);
    await expectKnown(log, keys);
    await settled(its);
    await expectKnown(log, keys);
    await log.close();
    await expectKnown(await its.open(small), keys);
  });

  test('does not believe a run of a segment that is gone with its ids', async () => {
    const { its, keys } = await filled();
    const base = its.names('.log')[1]?.slice(0, 20) ?? '';
    const end = Number(its.names('.log')[2]?.slice(0, 20));
    for (const ending of ['.log', '.ids']) unlinkSync(join(its.folder, `${base}${ending}`));
    const log = await its.open();
    const gone = keys.slice(Number(base), end);
    expect(await log.append(records(...keys))).toEqual({
      appended: gone.length,
      duplicates: keys.length - gone.length,
    });
  });

  test('does not believe a run of another log', async () => {
    const { its } = await filled();
    const { its: other } = await filled();
    for (const name of its.names('.run')) unlinkSync(join(its.folder, name));
    for (const name of other.names('.run'))
      writeFileSync(join(its.folder, name), readFileSync(join(other.folder, name)));
    const theirs = other.names('.run');
    await (await its.open(noRuns)).close();
    expect(theirs.filter((name) => its.names('.run').includes(name))).toEqual([]);
  });

  test('does without runs whose time is cut otherwise when the window has changed', async () => {
    const its = testLog(small);
    const log = await its.open();
    its.clock.ms = Math.ceil(its.clock.ms / (4 * sliceMs)) * 4 * sliceMs;
    const keys = keysOf(40);
    for (const key of keys) {
      await log.append(records(key));
      its.clock.ms += 900;
    }
    its.clock.ms += 4_000;
    await log.append(records('after'));
    await settled(its);
    // Those of the half of a window that is over.
    await expect.poll(() => its.names('.run').length, patience).toBe(1);
    await log.close();
    // With a fifth of the window, what is in one run does not leave together.
    const again = await its.open({ windowMs: windowMs / 5 });
    await expectKnown(again, keys.slice(20));
    its.clock.ms += 20_000;
    expect((await again.append(records(...keys.slice(0, 10)))).appended).toBe(10);
    await expectKnown(again, keys.slice(-3));
  });
});

describe('runs in time', () => {
  test('go with their ids, while the log is open', async () => {
    const { its, keys } = await filled();
    const log = await its.open();
    its.clock.ms += 2 * windowMs;
    await log.trim(log.end);
    await expectKnown(log, keys);
    expect(its.names('.run').length).toBeGreaterThan(0);
    its.clock.ms += windowMs;
    await log.trim(log.end);
    expect(its.names('.run')).toEqual([]);
    expect((await log.append(records(...keys))).appended).toBe(keys.length);
  });

  test('go when the log is opened', async () => {
    const { its, keys } = await filled();
    its.clock.ms += 3 * windowMs;
    const log = await its.open();
    expect(its.names('.run')).toEqual([]);
    expect((await log.append(records(...keys))).appended).toBe(keys.length);
  });

  test('hold no ids of different halves of a window, and few when a half is over', async () => {
    const its = testLog(small);
    const log = await its.open();
    its.clock.ms = Math.ceil(its.clock.ms / (4 * sliceMs)) * 4 * sliceMs;
    const keys: string[] = [];
    for (let slice = 0; slice < 16; slice++) {
      for (let more = 0; more < 9; more++) {
        const key = `key ${slice} ${more}`;
        await log.append(records(key));
        keys.push(key);
      }
      its.clock.ms += sliceMs;
    }
    await log.append(records('after'));
    await settled(its);
    await expect.poll(() => its.names('.run').length, patience).toBe(4);
    await log.close();
    const again = await its.open();
    await expectKnown(again, keys);
    // What came in the first half is forgotten with it, the rest is not.
    its.clock.ms += sliceMs;
    its.clock.ms += 4 * sliceMs;
    await expectKnown(again, keys.slice(5 * 9));
  });

  test('count in the size of the log', async () => {
    const { its } = await filled();
    const log = await its.open();
    const files = ['.log', '.ids', '.run'].flatMap((ending) => its.names(ending));
    const sizes = files.map((name) => statSync(join(its.folder, name)).size);
    expect(log.sizeBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });
});

describe('damage to a run', () => {
  test('at any byte changes no answer, and is mended while the log is open', async () => {
    const { its, keys } = await filled();
    const name = its.names('.run')[0] ?? '';
    const path = join(its.folder, name);
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += 37) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 0x10, at);
      writeFileSync(path, damaged);
      const log = await its.open(noRuns);
      // What needs the damaged part is refused until its segments' ids are loaded.
      const known = { appended: 0, duplicates: keys.length };
      const answers: unknown[] = [];
      const answer = async () => {
        answers.push(await log.append(records(...keys)).catch(({ code }) => code));
        return answers.at(-1);
      };
      await expect.poll(answer, patience).not.toBe('log_full');
      expect(answers.filter((given) => given !== 'log_full')).toEqual([known]);
      await log.close();
      expect(its.names('.run')).not.toContain(name);
      await expectKnown(await its.open(noRuns), keys);
    }
  });

  test('a run that is cut short is made again', async () => {
    const { its, keys } = await filled();
    const path = join(its.folder, its.names('.run')[0] ?? '');
    const whole = readFileSync(path);
    for (let size = 0; size < whole.length; size += 97) {
      truncateSync(path, size);
      const log = await its.open();
      await expectKnown(log, keys);
      await settled(its);
      await log.close();
      writeFileSync(path, whole);
    }
  });

  test('found by a merge: the run is made again of its segments', async () => {
    const { its, keys } = await filled();
    for (const name of its.names('.run')) {
      const path = join(its.folder, name);
      const bytes = readFileSync(path);
      bytes.writeUInt8(bytes.readUInt8(0) ^ 0x10, 0);
      writeFileSync(path, bytes);
    }
    // So late, all runs of that time are due to be merged.
    its.clock.ms += 4 * sliceMs;
    const log = await its.open();
    // What a damaged run may have is refused until that is mended.
    for (const key of ['a', 'b', 'c', 'd', 'e'])
      await expect
        .poll(() => log.append(records(key)).catch(() => 'refused'), patience)
        .not.toBe('refused');
    await settled(its);
    await log.close();
    const again = await its.open();
    const answer = () => again.append(records(...keys)).catch(() => 'refused');
    await expect.poll(answer, patience).toEqual({ appended: 0, duplicates: keys.length });
    expect((await readFrom(again, 0)).slice(0, keys.length)).toEqual(values(keys));
    expect(again.end).toBe(keys.length + 5);
  });
});

describe('a crash', () => {
  test('at any step of making, merging and deleting runs loses no id and invents none', async () => {
    const its = testLog(small);
    const crashes: { its: TestLog; written: readonly string[] }[] = [];
    const written: string[] = [];
    its.disk.before = async ({ name, file }) => {
      if (file.includes('.run') && name !== 'read' && name !== 'size')
        crashes.push({ its: its.crashed(), written: [...written] });
    };
    const log = await its.open();
    for (const key of keysOf(40)) {
      await log.append(records(key));
      written.push(key);
    }
    await settled(its);
    expect(crashes.length).toBeGreaterThan(30);
    for (const crash of crashes) {
      const found = await crash.its.open();
      // A copy takes a while: what was being written may be in it.
      const keys = keysOf(Math.max(found.end, crash.written.length));
      await expectKnown(found, keys);
      expect(await found.append(records('new'))).toEqual({ appended: 1, duplicates: 0 });
      await crash.its.remove();
    }
  });
});

describe('a disk that fails', () => {
  test.each(['open', 'write', 'sync', 'rename', 'unlink', 'read', 'openSync', 'size'] as const)(
    'at %s of a run: the log goes on, and a start finds every id',
    async (name) => {
      const its = testLog(small);
      const keys = keysOf(60);
      let times = 0;
      // Not for ever: an append that needs two reads would never get both of them.
      its.disk.fails = (operation) =>
        operation.name === name && operation.file.includes('.run') && times++ < 60 && times % 3 > 0;
      const first = await its.open();
      for (const key of keys.slice(0, 40)) await first.append(records(key));
      await first.close();
      const second = await its.open();
      for (const key of keys.slice(40)) await second.append(records(key));
      const answer = () => second.append(records(...keys)).catch(() => undefined);
      await expect.poll(answer, patience).toEqual({ appended: 0, duplicates: keys.length });
      await second.close();
      its.disk.fails = () => false;
      const third = await its.open();
      await expectKnown(third, keys);
      expect(await readFrom(third, 0)).toEqual(values(keys));
    },
  );

  test('that is nearly full gets no runs', async () => {
    const its = testLog({ ...small, freeBytesMin: 1000 });
    its.disk.free = 1064;
    const log = await its.open();
    for (const key of keysOf(3)) await log.append(records(key)).catch(() => {});
    await log.close();
    expect(its.names('.run')).toEqual([]);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readFrom, records } from '../../ports/log.suite.ts';
import type { Log } from '../../ports/log.ts';
import { type Operation, type TestLog, testLog } from './fixture.suite.ts';

const full = { code: 'log_full', status: 503 };
const values = (keys: readonly string[]): string[] => keys.map((key) => `value of ${key}`);
const is =
  (name: Operation['name'], file = '') =>
  (operation: Operation): boolean =>
    operation.name === name && operation.file.includes(file);

async function expectWorking(its: TestLog, log: Log, kept: string[]): Promise<void> {
  its.disk.fails = () => false;
  its.disk.before = async () => {};
  expect(await log.append(records(...kept, 'after'))).toEqual({
    appended: 1,
    duplicates: kept.length,
  });
  const expected = values([...kept, 'after']);
  expect(await readFrom(log, 0)).toEqual(expected);
  expect(await readFrom(await its.crashed().open(), 0)).toEqual(expected);
  await log.close();
  expect(await readFrom(await its.open(), 0)).toEqual(expected);
}

describe('a disk that fails', () => {
  test.each(['write', 'sync'] as const)(
    'at %s: what could not be kept is new when it is sent again',
    async (name) => {
      const its = testLog();
      const log = await its.open();
      await log.append(records('a'));
      its.disk.fails = is(name, '.log');
      for (let times = 0; times < 3; times++)
        await expect(
          log.append(records('b', 'a'), { mark: { producer: 'p', position: 1 } }),
        ).rejects.toMatchObject(full);
      expect(log.end).toBe(1);
      expect(log.marks().size).toBe(0);
      its.disk.fails = () => false;
      expect(await log.append(records('b', 'a'))).toEqual({ appended: 1, duplicates: 1 });
      await expectWorking(its, log, ['a', 'b']);
    },
  );

  test('everyone who depends on a failed group is told: what gathered behind it, and repeats', async () => {
    const its = testLog();
    const log = await its.open();
    const outcomes: Promise<unknown>[] = [];
    its.disk.before = async ({ name }) => {
      if (name !== 'write' || outcomes.length > 0) return;
      outcomes.push(
        log.append(records('a')),
        log.append(records('b', 'a')),
        log.append(records('c')),
      );
    };
    let syncs = 0;
    its.disk.fails = (operation) => is('sync', '.log')(operation) && syncs++ === 0;
    await expect(log.append(records('a'))).rejects.toMatchObject(full);
    for (const outcome of await Promise.allSettled(outcomes))
      expect(outcome).toMatchObject({ status: 'rejected', reason: full });
    its.disk.fails = () => false;
    expect(await log.append(records('a', 'b', 'c'))).toEqual({ appended: 3, duplicates: 0 });
    await expectWorking(its, log, ['a', 'b', 'c']);
  });

  test.each(['write', 'sync'] as const)(
    'at %s: a crash brings nothing back of what was refused',
    async (name) => {
      const its = testLog();
      const log = await its.open();
      await log.append(records('a'));
      let tries = 0;
      its.disk.fails = (operation) => is(name, '.log')(operation) && tries++ === 0;
      await expect(log.append(records('refused'))).rejects.toMatchObject(full);
      expect(await readFrom(await its.crashed().open(), 0)).toEqual(values(['a']));
    },
  );

  test('after a failed sync the file is written no more', async () => {
    const its = testLog();
    const log = await its.open();
    await log.append(records('a'));
    its.disk.fails = is('sync', '.log');
    await expect(log.append(records('lost'))).rejects.toMatchObject(full);
    its.disk.fails = () => false;
    its.disk.done.length = 0;
    await log.append(records('b'));
    expect(its.names('.log')).toEqual(['00000000000000000000.log', '00000000000000000001.log']);
    const writes = its.disk.done.filter(is('write', '.log')).map(({ file }) => file);
    expect(writes).toEqual(['00000000000000000001.log.tmp', '00000000000000000001.log']);
    await expectWorking(its, log, ['a', 'b']);
  });

  test('a first frame that cannot be synced leaves a segment that begins anew', async () => {
    const its = testLog();
    const log = await its.open();
    its.disk.fails = is('sync', '.log');
    await expect(log.append(records('lost'))).rejects.toMatchObject(full);
    its.disk.fails = () => false;
    await log.append(records('a'));
    expect(its.names('.log')).toHaveLength(1);
    await expectWorking(its, log, ['a']);
  });

  test.each(['open', 'write', 'sync', 'rename', 'syncFolder'] as const)(
    'at %s of a new segment: the records wait for it',
    async (name) => {
      const its = testLog({ segmentBytes: 300 });
      const log = await its.open();
      const kept: string[] = [];
      let tries = 0;
      // Two tries of three to begin another segment fail.
      its.disk.fails = ({ name: each, file }) =>
        each === name &&
        (file.endsWith('.log.tmp') ||
          (each === 'rename' && file.endsWith('.log')) ||
          each === 'syncFolder') &&
        tries++ % 3 < 2;
      for (let key = 0; key < 12; key++) {
        const keys = [`key ${key}`];
        await log.append(records(...keys)).then(
          () => kept.push(...keys),
          (error) => expect(error).toMatchObject(full),
        );
        // A kill at any of these moments loses nothing that was acknowledged.
        const crashed = await its.crashed().open();
        expect(await readFrom(crashed, 0)).toEqual(values(kept));
        await crashed.close();
      }
      expect(kept.length).toBeLessThan(12);
      expect(its.names('.log').length).toBeGreaterThan(2);
      await expectWorking(its, log, kept);
    },
  );

  test('once the next segment may exist, nothing is written to the one before', async () => {
    const its = testLog({ segmentBytes: 1000 });
    const log = await its.open();
    await log.append(records('a'));
    its.disk.fails = is('syncFolder');
    // Too large for this segment: begins the next, which is there when the disk fails.
    const large = { key: 'large', value: 'x'.repeat(1000) };
    await expect(log.append([large])).rejects.toMatchObject(full);
    expect(its.names('.log')).toHaveLength(2);
    its.disk.fails = () => false;
    await log.append(records('b'));
    expect(await readFrom(await its.crashed().open(), 0)).toEqual(values(['a', 'b']));
    await expectWorking(its, log, ['a', 'b']);
  });

  test('a seal that cannot be written is made when it is needed', async () => {
    const its = testLog({ segmentBytes: 300 });
    const log = await its.open();
    its.disk.fails = ({ file }) => file.includes('.ids');
    const keys = Array.from({ length: 9 }, (_, key) => `key ${key}`);
    for (const key of keys) await log.append(records(key));
    expect(its.names('.ids')).toEqual([]);
    await expect(log.trim(log.end)).rejects.toThrow('EIO');
    expect(log.start).toBe(0);
    its.disk.fails = () => false;
    its.clock.ms += 1;
    await log.trim(log.end);
    expect(log.start).toBeGreaterThan(0);
    expect(await log.append(records(...keys))).toEqual({ appended: 0, duplicates: keys.length });
    expect(its.names('.ids').length).toBeGreaterThan(0);
  });

  test('an old segment that went, though the disk said it failed, holds up nothing', async () => {
    const its = testLog({ segmentBytes: 300 });
    const log = await its.open();
    const keys = Array.from({ length: 9 }, (_, key) => `key ${key}`);
    for (const key of keys) await log.append(records(key));
    its.clock.ms += 1;
    its.disk.after = ({ name }) => {
      if (name === 'unlink') throw new Error('EIO: but it is done');
    };
    await expect(log.trim(log.end)).rejects.toThrow('EIO');
    its.disk.after = () => {};
    await log.trim(log.end);
    expect(log.start).toBe(6);
    expect(its.names('.log')).toEqual(['00000000000000000006.log']);
  });

  test('little free space: refused before the disk is full, and taken again after', async () => {
    const its = testLog({ freeBytesMin: 1000, segmentBytes: 300 });
    const log = await its.open();
    const kept: string[] = [];
    its.disk.free = 1300;
    // The disk is asked once a second; in between what is written counts.
    for (let key = 0; key < 20; key++)
      await log.append(records(`key ${key}`)).then(
        () => kept.push(`key ${key}`),
        (error) => expect(error).toMatchObject(full),
      );
    expect(kept.length).toBeGreaterThan(0);
    let key = 20;
    const outcome = async (): Promise<string> => {
      key++;
      return log.append(records(`key ${key}`)).then(
        () => {
          kept.push(`key ${key}`);
          return 'kept';
        },
        (error) => error.code,
      );
    };
    its.disk.free = 999;
    await expect.poll(outcome).toBe('log_full');
    its.disk.free = 1_000_000;
    await expect.poll(outcome).toBe('kept');
    expect(await readFrom(log, 0)).toEqual(values(kept));
  });

  test('whatever fails, what was acknowledged is there once, and nothing that was refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 5, max: 60 }),
        async (dice, percent) => {
          const its = testLog({ segmentBytes: 500, pendingBytesMax: 2000, idsPerRunMin: 4 });
          const log = await its.open();
          let rolls = 0;
          its.disk.fails = ({ name }) => {
            if (name === 'read' || name === 'size') return false;
            return (dice[rolls++ % dice.length] ?? 0) * 100 < percent;
          };
          const acknowledged = new Set<string>();
          const refused = new Set<string>();
          for (let round = 0; round < 12; round++) {
            const batches = [0, 1, 2].map((batch) => [
              `${round}-${batch}-x`,
              `${round}-y`,
              `${round - 1}-y`,
            ]);
            await Promise.all(
              batches.map((keys) =>
                log.append(records(...keys)).then(
                  () => {
                    for (const key of keys) acknowledged.add(key);
                  },
                  () => {
                    for (const key of keys) refused.add(key);
                  },
                ),
              ),
            );
            // A refused record may have been acknowledged in another batch before.
            const expected = [...values([...acknowledged])].sort();
            expect((await readFrom(log, 0)).sort()).toEqual(expected);
            const crashed = its.crashed();
            const found = await readFrom(await crashed.open(), 0);
            await crashed.remove();
            expect(new Set(found).size).toBe(found.length);
            for (const value of expected) expect(found).toContain(value);
          }
          its.disk.fails = () => false;
          await log.append(records(...acknowledged, ...refused));
          expect((await readFrom(log, 0)).sort()).toEqual(
            values([...new Set([...acknowledged, ...refused])]).sort(),
          );
        },
      ),
      { numRuns: 8 },
    );
  });
});

import { readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeLog, readFrom, records } from '../../ports/log.suite.ts';
import { TestLog, testLog } from './fixture.suite.ts';

describeLog('segment log', { dedups: true, place: () => new TestLog() });
describeLog('segment log of small segments', {
  dedups: true,
  place: () => new TestLog({ segmentBytes: 300 }),
});
describeLog('segment log without a dedup index', {
  dedups: false,
  place: () => new TestLog({ dedups: false, segmentBytes: 1000 }),
});

const limits = { rowsMax: 1000, bytesMax: 1_000_000 };

describe('segment log', () => {
  test('what arrives while a group is written shares the next one', async () => {
    const its = testLog();
    const log = await its.open();
    const syncs = () => its.disk.done.filter(({ name }) => name === 'sync').length;
    const before = syncs();
    const first = log.append(records('a'));
    let others: Promise<unknown> | undefined;
    its.disk.before = async ({ name }) => {
      if (name === 'sync')
        others ??= Promise.all(['b', 'c', 'd'].map((key) => log.append(records(key))));
    };
    await first;
    await others;
    expect(syncs() - before).toBe(2);
    expect(log.end).toBe(4);
  });

  test('a duplicate of a record under way waits until it is durable', async () => {
    const its = testLog();
    const log = await its.open();
    const order: string[] = [];
    const first = log.append(records('a')).then(() => order.push('first'));
    let repeat: Promise<unknown> | undefined;
    its.disk.before = async ({ name }) => {
      if (name === 'write') repeat ??= log.append(records('a')).then(() => order.push('repeat'));
      if (name === 'sync') order.push('synced');
    };
    await first;
    await repeat;
    expect(order).toEqual(['synced', 'first', 'repeat']);
    // With nothing under way, it is answered at once.
    expect(await log.append(records('a'))).toEqual({ appended: 0, duplicates: 1 });
  });

  test('too much waiting is refused before any of it is admitted', async () => {
    const its = testLog({ pendingBytesMax: 1000 });
    const log = await its.open();
    const big = { key: 'big', value: 'x'.repeat(950) };
    const first = log.append([big]);
    await expect(log.append(records('a', 'b', 'c', 'd', 'e'))).rejects.toMatchObject({
      code: 'log_overloaded',
      status: 503,
    });
    await first;
    expect(await log.append(records('a'))).toEqual({ appended: 1, duplicates: 0 });
    expect(await readFrom(log, 0)).toEqual([big.value, 'value of a']);
  });

  test('a segment ends at its size, and with the time slice of its ids', async () => {
    const its = testLog({ segmentBytes: 2000, windowMs: 80_000 });
    const log = await its.open();
    for (const key of ['a', 'b', 'c']) await log.append([{ key, value: 'x'.repeat(900) }]);
    expect(its.names('.log')).toHaveLength(2);
    its.clock.ms += 10_000;
    await log.append(records('d'));
    expect(its.names('.log')).toHaveLength(3);
    // A clock that steps back ends a slice as well.
    its.clock.ms -= 20_000;
    await log.append(records('e'));
    expect(its.names('.log')).toHaveLength(4);
    expect((await readFrom(log, 3)).concat(String(log.start))).toEqual([
      'value of d',
      'value of e',
      '0',
    ]);
  });

  test('a frame larger than a segment, and than the read-ahead, is read in pieces', async () => {
    const its = testLog({ segmentBytes: 4000 });
    const log = await its.open();
    const values = Array.from({ length: 3000 }, (_, row) => `${row} ${'x'.repeat(row % 300)}`);
    await log.append(values.map((value, row) => ({ key: String(row), value })));
    await log.append(records('a'));
    its.disk.done.length = 0;
    const found: string[] = [];
    for (let at = 0; at < 3000; ) {
      const slice = await log.read(at, { rowsMax: 70, bytesMax: 10_000 });
      found.push(...Buffer.from(slice.lines).toString().trimEnd().split('\n'));
      at = slice.to;
    }
    expect(found).toEqual(values);
    const bytesRead = its.disk.done.reduce(
      (sum, { name, bytes }) => sum + (name === 'read' ? bytes : 0),
      0,
    );
    expect(bytesRead).toBeLessThan(1_000_000);
  });

  test('reads and appends at the same time see whole records alone', async () => {
    const its = testLog({ segmentBytes: 20_000 });
    const log = await its.open();
    const total = 3000;
    const reading = (async () => {
      const found: string[] = [];
      const { signal } = new AbortController();
      while (found.length < total) {
        await log.waitPast(found.length, signal);
        const { lines } = await log.read(found.length, limits);
        found.push(...Buffer.from(lines).toString().trimEnd().split('\n'));
      }
      return found;
    })();
    const keys = Array.from({ length: total }, (_, key) => String(key));
    for (let at = 0; at < total; at += 30) {
      const batch = keys.slice(at, at + 30);
      await Promise.all(batch.map((key) => log.append(records(key))));
    }
    expect(await reading).toEqual(keys.map((key) => `value of ${key}`));
  });

  test('every file is let go of', async () => {
    const its = testLog({ segmentBytes: 300 });
    const openFiles = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(its.folder);
        } catch {
          return false; // The one that lists them.
        }
      }).length;
    const log = await its.open();
    for (let key = 0; key < 50; key++) await log.append(records(String(key)));
    await readFrom(log, 0);
    await log.trim(20);
    await readFrom(log, log.start);
    // The one written, and the one last read.
    await expect.poll(openFiles).toBeLessThanOrEqual(2);
    await log.close();
    expect(openFiles()).toBe(0);
  });
});

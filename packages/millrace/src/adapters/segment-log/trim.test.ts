import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { readFrom, records } from '../../ports/log.suite.ts';
import { type TestLog, type TestLogOptions, testLog } from './fixture.suite.ts';

const windowMs = 80_000;
const minute = 60_000;

/** Twelve records in segments of about two, ten seconds between segments' first records at least. */
async function filled(options: TestLogOptions = {}): Promise<{ its: TestLog; keys: string[] }> {
  const its = testLog({ segmentBytes: 300, windowMs, ...options });
  const log = await its.open();
  const keys = Array.from({ length: 12 }, (_, key) => `key ${key}`);
  for (const key of keys) {
    await log.append(records(key), { mark: { producer: key, position: 1 } });
    its.clock.ms += 1000;
  }
  await log.close();
  return { its, keys };
}

const values = (keys: readonly string[]): string[] => keys.map((key) => `value of ${key}`);

describe('trimming', () => {
  test('deletes whole segments below the offset; ids and marks stay', async () => {
    const { its, keys } = await filled();
    const log = await its.open();
    const sealsBefore = its.names('.ids');
    const sizeBefore = log.sizeBytes;
    await log.trim(7);
    expect(log.start).toBeGreaterThan(3);
    expect(log.start).toBeLessThanOrEqual(7);
    expect(log.sizeBytes).toBeLessThan(sizeBefore);
    expect(its.names('.ids')).toEqual(sealsBefore);
    expect(await readFrom(log, log.start)).toEqual(values(keys.slice(log.start)));
    const { start } = log;
    await log.close();
    const again = await its.open();
    expect(again.start).toBe(start);
    expect(again.marks()).toEqual(new Map(keys.map((key) => [key, 1])));
    expect(await again.append(records(...keys))).toEqual({ appended: 0, duplicates: 12 });
    const files = [...its.names('.log'), ...its.names('.ids')];
    const sizes = files.map((name) => statSync(join(its.folder, name)).size);
    expect(again.sizeBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });

  test('the newest segment stays, however far the offset', async () => {
    const { its } = await filled();
    const log = await its.open();
    await log.trim(1000);
    expect(its.names('.log')).toHaveLength(1);
    expect(log.end).toBe(12);
  });

  test('keeps what is younger than the retention', async () => {
    const { its } = await filled({ retentionMs: minute });
    const log = await its.open();
    await log.trim(12);
    expect(log.start).toBe(0);
    its.clock.ms += minute - 9000;
    await log.trim(12);
    expect(log.start).toBeGreaterThan(0);
    expect(its.names('.log').length).toBeGreaterThan(1);
    its.clock.ms += minute;
    await log.trim(12);
    expect(its.names('.log')).toHaveLength(1);
  });

  test('a clock that ran ahead for a while does not keep segments for as long', async () => {
    const its = testLog({ segmentBytes: 300, windowMs, retentionMs: minute });
    const log = await its.open();
    await log.append(records('before'));
    its.clock.ms += 1_000_000 * minute;
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await log.append(records(key));
    its.clock.ms -= 1_000_000 * minute;
    await log.append(records('after'));
    await log.trim(log.end);
    expect(log.start).toBe(0);
    its.clock.ms += minute;
    await log.trim(log.end);
    expect(its.names('.log')).toHaveLength(1);
  });

  test('keeps everything when the retention is for ever', async () => {
    const { its } = await filled({ retentionMs: null });
    const log = await its.open();
    its.clock.ms += 1000 * minute;
    await log.trim(12);
    expect(log.start).toBe(0);
  });

  test('seals go when their ids count no more', async () => {
    const { its, keys } = await filled();
    const log = await its.open();
    await log.trim(12);
    expect(its.names('.ids').length).toBeGreaterThan(2);
    its.clock.ms += 2 * windowMs;
    await log.trim(12);
    expect(its.names('.ids').length).toBeGreaterThan(0);
    its.clock.ms += windowMs;
    await log.trim(12);
    expect(its.names('.ids')).toEqual([]);
    expect(await log.append(records(keys[0] ?? ''))).toEqual({ appended: 1, duplicates: 0 });
  });

  test('seals whose time has come while the log was closed go when it is opened', async () => {
    const { its, keys } = await filled();
    const log = await its.open();
    await log.trim(12);
    await log.close();
    its.clock.ms += 4 * windowMs;
    const again = await its.open();
    expect(its.names('.ids')).toEqual([]);
    expect(again.marks().size).toBe(12);
    expect(await again.append(records(...keys))).toEqual({ appended: 12, duplicates: 0 });
  });

  test('a crash at any step leaves a log that opens, with all that was not trimmed', async () => {
    for (const later of [0, 4 * windowMs]) {
      const { its, keys } = await filled();
      its.clock.ms += later;
      const crashes: TestLog[] = [];
      its.disk.before = async ({ name }) => {
        if (name === 'unlink' || name === 'syncFolder') crashes.push(its.crashed());
      };
      let reached = 0;
      const log = await its.open({
        reach(point) {
          if (point !== 'log-trimming') return;
          reached++;
          crashes.push(its.crashed());
        },
      });
      await log.trim(12);
      expect(its.names('.log')).toHaveLength(1);
      expect(reached).toBeGreaterThan(2);
      expect(crashes.length).toBeGreaterThan(2 * reached);
      for (const crashed of crashes) {
        const found = await crashed.open();
        expect(found.end).toBe(12);
        expect(await readFrom(found, found.start)).toEqual(values(keys.slice(found.start)));
        expect(found.marks().size).toBe(12);
        const repeats = later === 0 ? 12 : 0;
        const { duplicates } = await found.append(records(...keys));
        expect(duplicates).toBe(repeats);
        await found.trim(12);
        expect(crashed.names('.ids').length > 0).toBe(later === 0);
        await found.close();
      }
    }
  });

  test('waits for a read under way', async () => {
    const its = testLog({ segmentBytes: 300 });
    const log = await its.open();
    const keys = Array.from({ length: 12 }, (_, key) => `key ${key}`);
    for (const key of keys) await log.append(records(key));
    const reading = log.read(0, { rowsMax: 10, bytesMax: 1000 });
    const trimming = log.trim(12);
    expect(Buffer.from((await reading).lines).toString()).toContain('value of key 0\n');
    await trimming;
    expect(its.names('.log')).toHaveLength(1);
  });

  test('waits for a seal under way', async () => {
    const its = testLog({ segmentBytes: 300 });
    const log = await its.open();
    let writers = 0;
    let writersMax = 0;
    its.disk.before = async ({ name, file }) => {
      if (name !== 'write' || !file.includes('.ids')) return;
      writersMax = Math.max(writersMax, ++writers);
      for (let turn = 0; turn < 50; turn++) await setImmediate();
      writers--;
    };
    while (its.names('.log').length < 2) await log.append(records(String(log.end)));
    await log.trim(log.end);
    expect(writersMax).toBe(1);
    expect(its.names('.log')).toHaveLength(1);
    expect(its.names('.ids')).toHaveLength(1);
  });
});

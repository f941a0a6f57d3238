import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openChdbStore } from '../adapters/chdb/chdb-store.ts';
import { diskObjects } from '../adapters/objects/disk-objects.ts';
import { openSegmentLog } from '../adapters/segment-log/segment-log.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { collectJson } from '../collect/collect-json.suite.ts';
import { MillraceError } from '../errors.ts';
import type { ArchiveEncoder } from '../ports/archive-encoder.ts';
import type { CrashPoint } from '../ports/crash-points.ts';
import type { Log } from '../ports/log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Store } from '../ports/store.ts';
import { archivedLines } from './archived-lines.suite.ts';
import { Archiver, type ArchiverOptions } from './archiver.ts';
import { Manifest } from './manifest.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-archive-'));
let store: Store & ArchiveEncoder;
beforeAll(async () => {
  store = await openChdbStore({ folder: join(folder, 'store'), database: 'millrace' });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

let serial = 0;
const place = (): string => {
  serial += 1;
  return join(folder, String(serial));
};

/** A log of events of several types and days, with all that a line may have. */
async function filledLog(lines: readonly string[]): Promise<Log> {
  const log = await openSegmentLog({ folder: join(place(), 'log'), clock: systemClock });
  await log.append(lines.map((value, n) => ({ key: String(n), value })));
  return log;
}

const dayMs = 86_400_000;
const now = Date.UTC(2026, 4, 1, 12);

async function linesOf(events: readonly object[]): Promise<readonly string[]> {
  const { log } = await collectJson(events, { clock: { now: () => now } });
  return log.lines;
}

const someEvents = (count: number): readonly object[] =>
  Array.from({ length: count }, (_, n) => ({
    event_id: `e${n}`,
    type: n % 3 === 0 ? 'click' : 'purchase',
    timestamp: now - (n % 5) * dayMs,
    user_id: n % 2 === 0 ? `u${n}` : null,
    properties:
      n % 3 === 0
        ? { element: `é "${n}"` }
        : { order_id: `o${n}`, value: '12.50', currency: 'EUR', items: [] },
    context: { n, nested: { list: [1.5, null, 'x'] } },
  }));

describe('an archive', () => {
  test('has each event once, as it was, under its day and type', async () => {
    const lines = await linesOf(someEvents(100));
    const log = await filledLog(lines);
    const { objects, archiver } = archive(log, place());
    await archiver.flush();
    expect(archiver.archived).toBe(100);
    expect(await archivedLines(objects, 0)).toEqual(lines);
    const names = await objects.list('events/');
    expect(names).toHaveLength(10);
    expect(names[0]).toBe(
      'events/date=2026-04-27/type=click/00000-0000000000000000000-0000000000000000100.parquet',
    );
    await log.close();
  });

  test('that has more than its log is not gone on with', async () => {
    const lines = await linesOf(someEvents(20));
    const log = await filledLog(lines);
    const at = place();
    await archive(log, at).archiver.flush();
    const lost = await filledLog(lines.slice(0, 15));
    const { archiver, objects } = archive(lost, at, { isWhole: true });
    await expect(archiver.flush()).rejects.toMatchObject({ code: 'archive_ahead' });
    // So the log forgets nothing.
    expect(archiver.archived).toBeNull();
    expect(await archivedLines(objects, 0)).toEqual(lines);
    await Promise.all([log.close(), lost.close()]);
  });

  test('is read by other tools', async () => {
    const log = await filledLog(await linesOf(someEvents(30)));
    const at = place();
    const { objects, archiver } = archive(log, at);
    await archiver.flush();
    const [name = ''] = await objects.list('events/');
    const bytes = await readFile(join(at, name));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const [first] = await parquetReadObjects({ file, compressors });
    expect(first).toMatchObject({
      event_id: 'e9',
      type: 'click',
      timestamp: new Date(now - 4 * dayMs),
      late: true,
      user_id: null,
      properties: '{"element":"é \\"9\\""}',
      _offset: 9n,
    });
    await log.close();
  });

  test('goes on where it was, with what is enough for a range', async () => {
    const lines = await linesOf(someEvents(100));
    const log = await filledLog(lines.slice(0, 45));
    const at = place();
    const first = archive(log, at, { rowsEnough: 20 });
    first.archiver.start();
    await expect.poll(() => first.archiver.archived).toBe(40);
    await first.archiver.stop();
    await log.append(lines.slice(45).map((value, n) => ({ key: `later ${n}`, value })));
    const second = archive(log, at, { rowsEnough: 1_000, waitMsMax: 50 });
    second.archiver.start();
    await expect.poll(() => second.archiver.archived).toBe(100);
    await second.archiver.stop();
    expect(await archivedLines(second.objects, 0)).toEqual(lines);
    const ranges = await new Manifest(second.objects).ranges(0);
    expect(ranges.map(({ from, to }) => [from, to])).toEqual([
      ...[
        [0, 20],
        [20, 40],
        [40, 100],
      ],
    ]);
    await log.close();
  });

  test('has each event once, whoever dies or comes to life again at any moment', async () => {
    const lines = await linesOf(someEvents(40));
    const log = await filledLog(lines);
    const points: readonly CrashPoint[] = ['archive-begun', 'archive-written', 'archive-noted'];
    const death = fc.record({
      point: fc.constantFrom(...points),
      passes: fc.nat(4),
      rowsEnough: fc.integer({ min: 10, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(death, { maxLength: 5 }), fc.boolean(), async (deaths, atOnce) => {
        const at = place();
        const dying = deaths.map(({ point, passes, rowsEnough }) => {
          let left = passes;
          const reach = (reached: CrashPoint): void => {
            if (reached === point && left-- === 0) throw new Death();
          };
          return () => archive(log, at, { reach, rowsEnough }).archiver.flush().catch(orDeath);
        });
        if (atOnce) await Promise.all(dying.map((live) => live()));
        else for (const live of dying) await live();
        const { objects, archiver } = archive(log, at);
        await archiver.flush();
        expect(await archivedLines(objects, 0)).toEqual(lines);
      }),
      { numRuns: 10 },
    );
    await log.close();
  });

  test('says of an archive that does not answer that it does not', async () => {
    const log = await filledLog(await linesOf(someEvents(3)));
    const at = place();
    const told: unknown[] = [];
    let away = true;
    const real = diskObjects(at);
    const create: ObjectStore['create'] = (...given) => {
      if (away) throw new MillraceError('archive_unavailable', 'It is away.');
      return real.create(...given);
    };
    const archiver = new Archiver({
      ...{ log, partition: 0, encoder: store, clock: systemClock, rowsEnough: 1 },
      objects: { ...real, create },
      onRetry: (_what, error) => told.push(error),
    });
    archiver.start();
    await expect.poll(() => told).not.toHaveLength(0);
    expect(told[0]).toMatchObject({ code: 'archive_unavailable' });
    away = false;
    await expect.poll(() => archiver.archived).toBe(3);
    await archiver.stop();
    await log.close();
  });
});

class Death extends Error {}

const orDeath = (error: unknown): void => {
  if (!(error instanceof Death)) throw error;
};

function archive(
  log: Log,
  at: string,
  more: Partial<ArchiverOptions> = {},
): { readonly objects: ObjectStore; readonly archiver: Archiver } {
  const objects = diskObjects(at);
  const onRetry = (_what: string, error: unknown): void => {
    throw error;
  };
  const archiver = new Archiver({
    ...{ log, partition: 0, objects, encoder: store, clock: systemClock, onRetry, ...more },
  });
  return { objects, archiver };
}

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openChdbStore } from '../adapters/chdb/chdb-store.ts';
import { diskObjects } from '../adapters/objects/disk-objects.ts';
import { ArchivedLog } from '../archive/archived-log.ts';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import type { ForgetRequest, ForgetStatus } from '../forget/forgetter.ts';
import { count, decimal, event, rollup, string, sum, uniq, window } from '../index.ts';
import type { ArchiveDecoder } from '../ports/archive-decoder.ts';
import type { CrashPoint } from '../ports/crash-points.ts';
import type { VerifyReport } from '../verify/report.ts';
import { type Embedded, type EmbeddedOptions, openEmbedded } from './embedded.ts';
import { dayMs, lines, oneSale, recomputed, type Sale, sell, shown } from './selling.suite.ts';
import { verifying } from './verifying.ts';

class Crash extends Error {}

let folder: string;
let embedded: Embedded | undefined;
let decoder: ArchiveDecoder;
let problems: string[];
/** Where it goes no further from now on. */
let crashAt: CrashPoint | null;
let crashed: CrashPoint[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-forget-'));
  problems = [];
  crashAt = null;
  crashed = [];
});
afterEach(async () => {
  crashAt = null;
  await embedded?.close();
  embedded = undefined;
  rmSync(folder, { recursive: true, force: true });
  expect(problems).toEqual([]);
});

const sums = rollup('sums', {
  from: 'purchase',
  every: 'day',
  by: ['currency'],
  measures: { n: count(), total: sum('value'), people: uniq('user_id') },
});
const byUser = rollup('by_user', {
  from: 'purchase',
  every: 'hour',
  by: ['user_id'],
  measures: { n: count() },
});

/** Closes what runs, and goes on. */
async function run(more: Partial<EmbeddedOptions> = {}): Promise<Embedded> {
  await embedded?.close();
  embedded = await openEmbedded({
    pipeline: {
      name: 'shop',
      events: { purchase: event({ value: decimal(18, 2), currency: string() }) },
      rollups: [sums, byUser],
    },
    folder: join(folder, 'data'),
    dedupMemoryBytesMax: 64 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: null,
    archive: { objects: diskObjects(join(folder, 'archive')), waitMsMax: 3_600_000 },
    logSegmentBytes: 1024 * 1024,
    reach: (point) => {
      if (point !== crashAt) return;
      crashed.push(point);
      throw new Crash(point);
    },
    openStore: async (options) => {
      const store = await openChdbStore(options);
      decoder = store;
      return store;
    },
    onProblem: (what, error) => {
      if (!(error instanceof Crash)) problems.push(`${what}: ${String(error)}`);
    },
    ...more,
  });
  return embedded;
}

const user = (id: string, rebuild = false): ForgetRequest => ({
  person: { userId: id, anonymousId: null },
  rebuild,
});

async function done({ forgetter }: Embedded, id: string): Promise<ForgetStatus> {
  const order = (): ForgetStatus | undefined => forgetter.orders.find((one) => one.id === id);
  await expect.poll(() => order()?.done_at ?? null, { timeout: 240_000 }).not.toBeNull();
  return order() ?? expect.fail('no order');
}

async function forget(from: Embedded, request: ForgetRequest): Promise<ForgetStatus> {
  return done(from, (await from.forgetter.order(request)).id);
}

const verify = async (from: Embedded): Promise<VerifyReport> =>
  verifying(from, await from.history.withArchive())(() => {}, new AbortController().signal);

/** How often the archive names each user. */
async function archived(): Promise<{ readonly [user: string]: number }> {
  const objects = diskObjects(join(folder, 'archive'));
  const log = await ArchivedLog.open({ objects, decoder, partition: 0 });
  const counts: { [user: string]: number } = {};
  for (let next = log?.start ?? 0; log !== null && next < log.end; ) {
    const { lines: some, to } = await log.read(next, { rowsMax: 1_000, bytesMax: 1e9 });
    for (const [, id = ''] of Buffer.from(some)
      .toString()
      .matchAll(/"user_id":"(\w+)"/g))
      counts[id] = (counts[id] ?? 0) + 1;
    next = to;
  }
  return counts;
}

/** Three people, on four days. */
const sales: readonly Sale[] = [0, 0, 1, 2, 3, 3].flatMap((days) =>
  [0, 1, 2].map((person) => ({ ...oneSale, ageMs: days * dayMs, user: person })),
);

const users = (from: Embedded): Promise<readonly string[]> =>
  lines(from, 'SELECT user_id, count() FROM events GROUP BY user_id ORDER BY user_id');

async function send({ collector, eventLoader, events }: Embedded, batch: object): Promise<number> {
  const before = events.end;
  const body = Buffer.from(JSON.stringify(batch));
  await collector.collect(nativeBatch(readJson(body, false, collector.limits)));
  await eventLoader.settled(events.end);
  return events.end - before;
}

describe('a forgotten person', () => {
  test('is gone from events and from what a replay makes, and nobody else is', async () => {
    const now = await run();
    await sell(now, sales);
    const receipt = await forget(now, user('u1'));
    expect(receipt).toMatchObject({
      ...{ events: 6, archived: 6, dead_letters: 0, rebuilt: [], rows_removed_from: ['by_user'] },
      ...{ log_until: null, problem: null },
      rollups: [{ rollup: 'sums', tables: ['sums__v1'] }],
    });
    expect(await users(now)).toEqual(['u0\t6', 'u2\t6']);
    // Rows under their id go at once, what they added to others' stays.
    expect(await shown(now, 'by_user')).toEqual(
      await recomputed(
        now,
        now.plan.rollups.find(({ name }) => name === 'by_user'),
      ),
    );
    expect(await lines(now, 'SELECT sum(n) FROM sums')).toEqual(['18']);
    expect(await verify(now)).toMatchObject({
      ...{ equal: true, log: { events: 12, forgotten: 6, missing: 0 } },
      rollups: [{ rollup: 'sums', hours: 0, hours_with_forgotten: 4 }, { hours_with_forgotten: 0 }],
    });

    expect(await archived()).toEqual({ u0: 6, u2: 6 });
    for (const from of ['log', 'archive'] as const) {
      await now.replays.begin({ rollup: 'sums', from, sinceMs: null, untilMs: null });
      await now.filler.ended();
      expect(await lines(now, 'SELECT sum(n) FROM sums')).toEqual(['12']);
      expect(await shown(now)).toEqual(await recomputed(now));
    }
    const after = await verify(now);
    expect(after).toMatchObject({ equal: true, rollups: [{ hours: 4 }, {}] });

    const again = await run();
    expect(await users(again)).toEqual(['u0\t6', 'u2\t6']);
    expect(await verify(again)).toMatchObject({ equal: true, log: { forgotten: 6 } });
    expect(again.forgetter.orders).toEqual([{ ...receipt, problem: null }]);
  }, 480_000);

  test('may come back, and what is known of before is a duplicate still', async () => {
    const now = await run();
    await sell(now, sales);
    const sale = (event_id: string) => ({
      ...{ event_id, type: 'purchase', user_id: 'u1' },
      properties: { value: '1.50', currency: 'EUR' },
    });
    expect(await send(now, [sale('mine')])).toBe(1);
    const { id } = await now.forgetter.order(user('u1'));
    expect(await send(now, [sale('mine'), sale('another')])).toBe(1);
    expect(await done(now, id)).toMatchObject({ events: 7 });
    expect(await lines(now, "SELECT event_id FROM events WHERE user_id = 'u1'")).toEqual([
      'another',
    ]);
    expect(await send(now, [sale('mine')])).toBe(0);
    expect(await lines(now, "SELECT sum(n) FROM by_user WHERE user_id = 'u1'")).toEqual(['1']);
    expect((await verify(now)).equal).toBe(true);
    // A second order takes that as well.
    expect(await forget(now, user('u1'))).toMatchObject({ events: 1 });
    expect(await users(now)).toEqual(['u0\t6', 'u2\t6']);
    expect((await verify(now)).equal).toBe(true);
  }, 480_000);

  test('is gone from rollups that are made anew', async () => {
    const now = await run();
    await sell(now, sales);
    const receipt = await forget(now, user('u1', true));
    expect(receipt).toMatchObject({ events: 6, rollups: [] });
    expect(receipt.rebuilt).toEqual(['sums']);
    expect(await shown(now)).toEqual(await recomputed(now));
    expect(now.rollups.places.map(({ rollup: { table }, stage }) => `${table} ${stage}`)).toEqual([
      'by_user__v1 ready',
      'sums__v2 ready',
    ]);
    expect(await verify(now)).toMatchObject({
      equal: true,
      rollups: [{ hours_with_forgotten: 0 }, { hours_with_forgotten: 0 }],
    });
  }, 480_000);

  test('is gone from dead letters that name them', async () => {
    const now = await run();
    await send(now, [
      { event_id: 'a', type: 'purchase', user_id: 'ü1', properties: {} },
      { event_id: 'b', type: 'unheard', user_id: 'other', properties: { friend: 'ü1' } },
      { event_id: 'c', type: 'unheard', user_id: 'other', properties: { friend: 'ü12' } },
    ]);
    await now.deadLetterLoader.settled(now.deadLetters.end);
    expect(await forget(now, user('ü1'))).toMatchObject({ events: 0, dead_letters: 2 });
    expect(await lines(now, 'SELECT event_id FROM dead_letters')).toEqual(['c']);
  });

  test('is gone from the results of windows that had ended', async () => {
    let nowMs = Date.UTC(2026, 4, 1, 12);
    const now = await run({
      archive: null,
      clock: { now: () => nowMs },
      pipeline: {
        name: 'shop',
        events: { purchase: event({}) },
        lateness: '10s',
        windows: [
          window('orders', {
            from: 'purchase',
            tumbling: '1m',
            by: ['user_id'],
            measures: { n: count() },
          }),
        ],
      },
    });
    const buy = (user_id: string) => ({ type: 'purchase', user_id, properties: {} });
    const results = () => lines(now, 'SELECT user_id, n FROM orders ORDER BY window_end, user_id');
    await send(now, [buy('u1'), buy('u2')]);
    nowMs += 120_000;
    await now.windows.advance();
    expect(await results()).toEqual(['u1\t1', 'u2\t1']);
    await send(now, [buy('u1')]);
    const { id } = await now.forgetter.order(user('u1'));
    await send(now, [buy('u1'), buy('u2')]);
    expect(await done(now, id)).toMatchObject({ events: 2, rows_removed_from: ['orders'] });
    expect(await results()).toEqual(['u2\t1']);
    nowMs += 120_000;
    await now.windows.advance();
    expect(await results()).toEqual(['u2\t1', 'u1\t1', 'u2\t1']);
  });

  test('is named nowhere once it is done', async () => {
    const now = await run();
    await sell(now, sales);
    crashAt = 'forget-done';
    await now.forgetter.order(user('u1'));
    await expect
      .poll(() => now.forgetter.orders[0]?.problem, { timeout: 240_000 })
      .toBe('forget-done');
    const kept = join(folder, 'data', 'progress', 'forgotten.json');
    expect(readFileSync(kept, 'utf8')).toContain('"u1"');
    await expect(now.forgetter.order(user('u2'))).rejects.toMatchObject({
      code: 'forget_conflict',
    });
    const same = await now.forgetter.order(user('u1'));
    crashAt = null;
    await done(now, same.id);
    expect(readFileSync(kept, 'utf8')).not.toContain('u1');
  });

  test('is forgotten after a crash', async () => {
    const points = ['forget-events-removed', 'forget-archive-rewritten', 'rollup-shown'] as const;
    let now = await run();
    await sell(now, sales);
    for (const point of points) {
      await sell(now, [{ ...oneSale, user: 1 }]);
      crashAt = point;
      const { id } = await now.forgetter.order(user('u1', true));
      await expect.poll(() => crashed, { timeout: 240_000 }).toContain(point);
      crashAt = null;
      // As it is found after a kill.
      now = await run();
      expect(await done(now, id)).toMatchObject({ rollups: [], rebuilt: ['sums'] });
      expect(await users(now)).toEqual(['u0\t6', 'u2\t6']);
      expect(await archived()).toEqual({ u0: 6, u2: 6 });
      expect(await shown(now)).toEqual(await recomputed(now));
    }
    expect(await verify(now)).toMatchObject({ equal: true, log: { forgotten: 6 + points.length } });
  }, 480_000);

  test('of whom there is nothing costs nothing', async () => {
    const now = await run();
    await sell(now, [oneSale]);
    expect(await forget(now, user('nobody'))).toMatchObject({ events: 0, dead_letters: 0 });
    // Rows under an id may be of events that are kept no longer.
    const rewritten = 'SELECT table FROM system.mutations';
    expect(await lines(now, rewritten)).toEqual(['by_user__v1']);
    await forget(now, user('u0'));
    expect(await lines(now, rewritten)).toContain('events');
  });

  test('has a name', async () => {
    const now = await run();
    for (const person of [
      { userId: null, anonymousId: null },
      { userId: '', anonymousId: null },
    ])
      await expect(now.forgetter.order({ person, rebuild: false })).rejects.toMatchObject({
        code: 'forget_invalid',
      });
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Random, testSeed } from '../../../../tests/support/random.ts';
import { openChdbStore } from '../adapters/chdb/chdb-store.ts';
import { localProgress } from '../adapters/local-progress/local-progress.ts';
import { openSegmentLog } from '../adapters/segment-log/segment-log.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import { Loader, type LoaderOptions, type RefusedRow } from './loader.ts';

const seed = testSeed();
const storeFolder = mkdtempSync(join(tmpdir(), 'millrace-loader-store-'));
let store: Store;
beforeAll(async () => {
  store = await openChdbStore({ folder: storeFolder, database: 'millrace' });
});
afterAll(async () => {
  await store.close();
  rmSync(storeFolder, { recursive: true, force: true });
});

let serial = 0;
let folder: string;
let table: string;
let log: Log;
let refused: RefusedRow[];
let retries: unknown[];

const fresh = async () => {
  serial += 1;
  folder = mkdtempSync(join(tmpdir(), 'millrace-loader-'));
  table = `moves_${serial}`;
  await store.define(
    `CREATE TABLE ${table} (_partition UInt32, _offset UInt64, id String, at DateTime64(3, 'UTC'), amount Decimal(18, 2))
     ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY id SETTINGS non_replicated_deduplication_window = 10000`,
  );
  // Small segments, so that ranges lie over several.
  log = await openSegmentLog({
    folder: join(folder, 'log'),
    clock: systemClock,
    segmentBytes: 2_000,
  });
  refused = [];
  retries = [];
};
const drop = async () => {
  await log.close();
  rmSync(folder, { recursive: true, force: true });
};
beforeEach(fresh);
afterEach(drop);

const loader = (more: Partial<LoaderOptions> = {}) =>
  new Loader({
    log,
    store,
    progress: localProgress(join(folder, 'progress.json')),
    clock: systemClock,
    table,
    topic: table,
    partition: 0,
    lingerMs: 0,
    refuse: async (row) => {
      refused.push(row);
    },
    onRetry: (error) => retries.push(error),
    ...more,
  });

/** What a store does but insert. */
const others = (of: Store): Omit<Store, 'insert'> => ({
  define: (statement) => of.define(statement),
  read: (sql, options) => of.read(sql, options),
  stream: (sql, options) => of.stream(sql, options),
  readGiven: (rows, sql, options) => of.readGiven(rows, sql, options),
  insertComputed: (batch) => of.insertComputed(batch),
  close: () => of.close(),
});

const january = Date.UTC(2026, 0, 1);
const move = (n: number, change: object = {}) => ({
  key: `k${n}`,
  value: JSON.stringify({ id: `k${n}`, at: january + n, amount: '1.10', ...change }),
});
const cell = async (sql: string) =>
  Buffer.from((await store.read(sql, { format: 'TSV' })).bytes)
    .toString()
    .trim();

test('moves every record once, with its offset', async () => {
  const running = loader({ rowsMax: 70 });
  await running.recover();
  running.start();
  for (let n = 0; n < 500; n += 50) {
    await log.append(Array.from({ length: 50 }, (_, i) => move(n + i)));
  }
  await running.settled(500);
  await running.stop();
  expect(
    await cell(`SELECT count(), uniqExact(_offset), max(_offset), sum(amount) FROM ${table}`),
  ).toBe('500\t500\t499\t550');
  expect(retries).toEqual([]);
});

test('goes on where it was, and inserts an intended range again under its token', async () => {
  await log.append(Array.from({ length: 10 }, (_, n) => move(n)));
  const first = loader();
  await first.recover();
  first.start();
  await first.settled(10);
  await first.stop();
  // As if the crash came after the insert and before the offset was committed.
  await localProgress(join(folder, 'progress.json')).save({
    committed: 0,
    intents: [{ from: 0, to: 10 }],
  });
  await log.append([move(10)]);
  const second = loader();
  await second.recover();
  second.start();
  await second.settled(11);
  await second.stop();
  expect(await cell(`SELECT count(), uniqExact(id) FROM ${table}`)).toBe('11\t11');
});

test('rows that the store refuses are found, kept and passed', async () => {
  const bad = new Set([0, 7, 8, 63, 99]);
  await log.append(
    Array.from({ length: 100 }, (_, n) => (bad.has(n) ? move(n, { amount: 'much' }) : move(n))),
  );
  const running = loader();
  await running.recover();
  running.start();
  await running.settled(100);
  await running.stop();
  expect(refused.map(({ offset }) => offset).sort((a, b) => a - b)).toEqual([...bad]);
  expect(Buffer.from(refused[0]?.line ?? []).toString()).toContain('"amount":"much"');
  expect(await cell(`SELECT count(), uniqExact(id) FROM ${table}`)).toBe('95\t95');
});

test('a batch over too many partitions is cut until it passes', async () => {
  await log.append(
    Array.from({ length: 600 }, (_, n) => move(n, { at: january + n * 31 * 86_400_000 })),
  );
  const running = loader();
  await running.recover();
  running.start();
  await running.settled(600);
  await running.stop();
  expect(refused).toEqual([]);
  expect(await cell(`SELECT count(), uniqExact(id) FROM ${table}`)).toBe('600\t600');
});

test('a store that fails for a while is tried again with the same range', async () => {
  let failures = 3;
  const flaky: Store = {
    ...others(store),
    insert: async (batch) => {
      // It answers with an error after it has done the work: the answer was lost.
      await store.insert(batch);
      failures -= 1;
      if (failures >= 0) throw new Error('the connection broke');
    },
  };
  await log.append(Array.from({ length: 20 }, (_, n) => move(n)));
  const running = loader({ store: flaky });
  await running.recover();
  running.start();
  await running.settled(20);
  expect(running.failing).toBeNull();
  await running.stop();
  expect(retries).toHaveLength(3);
  expect(await cell(`SELECT count(), uniqExact(id) FROM ${table}`)).toBe('20\t20');
});

test('a store that fails for good is given up when everything should be stored, and not before', async () => {
  let failing = true;
  const broken: Store = {
    ...others(store),
    insert: async (batch) => {
      if (failing) throw new Error('the disk is gone');
      await store.insert(batch);
    },
  };
  await log.append(Array.from({ length: 20 }, (_, n) => move(n)));
  const running = loader({ store: broken });
  await running.recover();
  running.start();
  await running.drained();
  expect(running.committed).toBe(0);
  expect(retries).toHaveLength(3);
  const waiting = new AbortController();
  const settled = running.settled(20, waiting.signal);
  waiting.abort();
  await settled;
  failing = false;
  await running.drained();
  expect(running.committed).toBe(20);
  await running.stop();
});

test('a view that fails on a row blocks what it comes with, says so, and does not hold up the end', async () => {
  await store.define(
    `CREATE TABLE ${table}_sums (total UInt64) ENGINE = MergeTree ORDER BY total SETTINGS non_replicated_deduplication_window = 10000`,
  );
  await store.define(
    `CREATE MATERIALIZED VIEW ${table}_view TO ${table}_sums AS SELECT throwIf(id = 'k7') AS total FROM ${table}`,
  );
  await log.append(Array.from({ length: 20 }, (_, n) => move(n)));
  const running = loader();
  await running.recover();
  running.start();
  await running.drained();
  expect(String(running.failing)).toContain('throwIf');
  await running.stop();
  expect(refused).toEqual([]);
  await store.define(`DROP VIEW ${table}_view`);
  const mended = loader();
  await mended.recover();
  expect(mended.committed).toBe(20);
  expect(await cell(`SELECT count(), uniqExact(id) FROM ${table}`)).toBe('20\t20');
});

test('a second insert begins while the first is under way, and never a third', async () => {
  let underWay = 0;
  let mostUnderWay = 0;
  let both = (): void => {};
  const bothUnderWay = new Promise<void>((resolve) => {
    both = resolve;
  });
  const slow: Store = {
    ...others(store),
    insert: async (batch) => {
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      if (underWay === 2) both();
      await bothUnderWay;
      await store.insert(batch);
      underWay -= 1;
    },
  };
  await log.append(Array.from({ length: 900 }, (_, n) => move(n)));
  const running = loader({ store: slow, rowsMax: 100, rowsEnough: 1, rowsEnoughBeside: 30 });
  await running.recover();
  running.start();
  await running.settled(900);
  await running.stop();
  expect(mostUnderWay).toBe(2);
  expect(await cell(`SELECT count(), uniqExact(id) FROM ${table}`)).toBe('900\t900');
});

test('whatever the store does, each record is there once', async () => {
  const mood = fc.constantFrom('well', 'well', 'well', 'well', 'well', 'away', 'answer lost');
  const count = 1_500;
  const arbitraries = [
    fc.infiniteStream(mood),
    fc.uniqueArray(fc.nat(count - 1), { maxLength: 4 }),
    fc.array(fc.integer({ min: 1, max: count - 1 }), { maxLength: 3 }),
  ] as const;
  const property = fc.asyncProperty(...arbitraries, async (moods, wrong, stops) => {
    await drop();
    await fresh();
    let underWay = 0;
    let mostUnderWay = 0;
    const moody: Store = {
      ...others(store),
      insert: async (batch) => {
        const { value } = moods.next();
        underWay += 1;
        mostUnderWay = Math.max(mostUnderWay, underWay);
        try {
          if (value === 'away') throw new Error('the store is away');
          await store.insert(batch);
          if (value === 'answer lost') throw new Error('the answer was lost');
        } finally {
          underWay -= 1;
        }
      },
    };
    const options = { store: moody, rowsMax: 300, rowsEnough: 1, rowsEnoughBeside: 30 };
    const records = Array.from({ length: count }, (_, n) =>
      move(n, wrong.includes(n) ? { amount: 'much' } : {}),
    );
    let at = 0;
    // Stopped in the middle of its work each time: the next one goes on with what was begun.
    for (const stop of [...stops.toSorted((a, b) => a - b), count]) {
      const running = loader(options);
      await running.recover();
      running.start();
      for (; at < stop; at += 50) await log.append(records.slice(at, Math.min(at + 50, stop)));
      at = stop;
      await running.settled(stop === count ? count : Math.floor(stop / 2));
      await running.stop();
    }
    expect(mostUnderWay).toBeLessThanOrEqual(2);
    expect(refused.map(({ offset }) => offset).toSorted((a, b) => a - b)).toEqual(
      wrong.toSorted((a, b) => a - b),
    );
    const stored = count - wrong.length;
    expect(
      await cell(
        `SELECT count(), uniqExact(id), countIf(id != concat('k', _offset)) FROM ${table}`,
      ),
    ).toBe(`${stored}\t${stored}\t0`);
  });
  await fc.assert(property, { numRuns: 4, endOnFailure: true });
}, 600_000);

test(`at rest the store has what it says, and nothing else, whatever fails (seed ${seed})`, async () => {
  const random = new Random(seed);
  const moody: Store = {
    ...others(store),
    insert: async (batch) => {
      if (random.chance(0.2)) throw new Error('the store is away');
      await store.insert(batch);
      if (random.chance(0.2)) throw new Error('the answer was lost');
    },
  };
  const running = loader({ store: moody, rowsMax: 30, rowsEnough: 1, rowsEnoughBeside: 20 });
  await running.recover();
  running.start();
  const { signal } = new AbortController();
  const seen: string[][] = [];
  for (let end = 0; end < 600; end += 20) {
    await log.append(Array.from({ length: 20 }, (_, i) => move(end + i)));
    const there = await running.atRest(
      async (stored) => [
        `${stored}\t${stored}`,
        await cell(`SELECT count(), uniqExact(_offset) FROM ${table} WHERE _offset < ${stored}`),
        await cell(`SELECT count() FROM ${table} WHERE _offset >= ${stored}`),
      ],
      signal,
      Number.POSITIVE_INFINITY,
    );
    seen.push(there);
    expect(there).toEqual([there[0], there[0], '0']);
    if (end % 100 === 0) await running.settled(end);
  }
  // It was looked at in between, and not only at one end.
  expect(new Set(seen.map(([stored]) => stored)).size).toBeGreaterThan(5);
  await running.settled(600);
  await running.stop();
});

test(`at a cut nothing that the store has will be inserted again, whatever fails (seed ${seed})`, async () => {
  const random = new Random(seed);
  const kept = localProgress(join(folder, 'progress.json'));
  const moody: Store = {
    ...others(store),
    insert: async (batch) => {
      if (random.chance(0.2)) throw new Error('the store is away');
      await store.insert(batch);
      if (random.chance(0.2)) throw new Error('the answer was lost');
    },
  };
  const running = loader({
    ...{ store: moody, rowsMax: 30, rowsEnough: 1, rowsEnoughBeside: 20 },
    progress: {
      read: () => kept.read(),
      save: async (progress) => {
        if (random.chance(0.1)) throw new Error('the disk is busy');
        // Later than others would begin to insert.
        await new Promise((resolve) => setImmediate(resolve));
        await kept.save(progress);
      },
    },
  });
  await running.recover();
  running.start();
  const { signal } = new AbortController();
  const seen = new Set<number>();
  for (let end = 0; end < 600; end += 20) {
    // So that cuts lie all along.
    if (end % 100 === 0) await running.settled(end);
    await log.append(Array.from({ length: 20 }, (_, i) => move(end + i)));
    await running.atCut(async (cut) => {
      seen.add(cut);
      // What a crash now would find.
      expect((await kept.read()).committed).toBe(cut);
      const there = `SELECT count(), uniqExact(_offset), countIf(_offset < ${cut}) FROM ${table}`;
      expect(await cell(there)).toBe(`${cut}\t${cut}\t${cut}`);
    }, signal);
  }
  expect(seen.size).toBeGreaterThan(5);
  await running.settled(600);
  await running.stop();
});

test('at rest is not waited for in vain', async () => {
  const running = loader({
    store: {
      ...others(store),
      insert: async () => {
        throw new Error('the disk is gone');
      },
    },
  });
  await running.recover();
  running.start();
  await log.append([move(0)]);
  const { signal } = new AbortController();
  const nothing = async () => {};
  await expect
    .poll(() => running.failing, { interval: 10 })
    .toMatchObject({ message: 'the disk is gone' });
  await expect(running.atRest(nothing, signal)).rejects.toThrow('the disk is gone');
  await expect(running.atRest(nothing, AbortSignal.abort())).rejects.toThrow('aborted');
  await running.stop();
});

test('a log that ends before what the store already has is not trusted', async () => {
  await localProgress(join(folder, 'progress.json')).save({ committed: 5, intents: [] });
  await expect(loader().recover()).rejects.toThrow('ends at 0, before offset 5');
});

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { count, decimal, event, type Pipeline, rollup, string, sum } from '../index.ts';
import type { VerifyProgress, VerifyReport } from '../verify/report.ts';
import { dataFolder } from './data-folder.ts';
import { type Embedded, type EmbeddedOptions, openEmbedded } from './embedded.ts';
import { verifying } from './verifying.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

let folder: string;
let nowMs: number;
let embedded: Embedded | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-verify-retention-'));
  nowMs = Date.now();
});
afterEach(async () => {
  await embedded?.close();
  embedded = undefined;
  rmSync(folder, { recursive: true, force: true });
});

type Keep = Pipeline['keep'];
interface RunOptions extends Partial<EmbeddedOptions> {
  readonly keep?: Keep;
  readonly rollupKeep?: Keep;
}

const hourly = {
  from: 'purchase',
  every: 'hour',
  by: ['currency'],
  measures: { orders: count(), revenue: sum('value') },
} as const;

/** Closes what runs, and goes on with another definition. */
async function run({ keep, rollupKeep, ...more }: RunOptions = {}): Promise<Embedded> {
  await embedded?.close();
  embedded = await openEmbedded({
    pipeline: {
      name: 'shop',
      events: { purchase: event({ value: decimal(18, 2), currency: string() }) },
      ...(keep ? { keep } : {}),
      rollups: [rollup('hourly', rollupKeep ? { ...hourly, keep: rollupKeep } : hourly)],
    },
    folder,
    dedupMemoryBytesMax: 16 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: null,
    logSegmentBytes: 1_000,
    clock: { now: () => nowMs },
    onProblem: () => {},
    ...more,
  });
  return embedded;
}

const order = (event_id: string, timestamp: number) => ({
  event_id,
  type: 'purchase',
  timestamp,
  properties: { value: '1.50', currency: 'EUR' },
});
/** One after another, so that the log has them in segments of a few. */
async function send(to: Embedded, ...events: readonly object[]): Promise<void> {
  for (const one of events) {
    const body = Buffer.from(JSON.stringify(one));
    const batch = nativeBatch(readJson(body, false, to.collector.limits));
    expect((await to.collector.collect(batch)).rejected).toEqual([]);
  }
  await to.eventLoader.settled(to.events.end);
}
const verify = (
  from: Embedded,
  onProgress: (progress: VerifyProgress) => void = () => {},
): Promise<VerifyReport> => verifying(from)(onProgress, new AbortController().signal);
/** What the engine would do by itself sooner or later. */
const mergeAll = async ({ store }: Embedded): Promise<void> => {
  for (const table of ['events', 'hourly__v1']) await store.define(`OPTIMIZE TABLE ${table} FINAL`);
};
const msOf = (time: string | null | undefined): number => Date.parse(time ?? '');
/** Since an hour or two after `ms`: not before it, and not much later. */
const expectSince = (time: string | null | undefined, ms: number): void => {
  expect(msOf(time)).toBeGreaterThanOrEqual(ms);
  expect(msOf(time)).toBeLessThanOrEqual(ms + 3 * hourMs);
};

test('of a log that is trimmed, what it still has is compared, and the rollups whole', async () => {
  const its = await run({ logRetentionMs: hourMs });
  await send(its, ...Array.from({ length: 20 }, (_, i) => order(`e${i}`, nowMs - i * hourMs)));
  nowMs += 2 * hourMs;
  await its.events.trim(its.eventLoader.committed);
  const { start } = its.events;
  expect(start).toBeGreaterThan(3);
  expect(await verify(its)).toMatchObject({
    equal: true,
    log: { from: start, to: 20, events: 20 - start, missing: 0 },
    rollups: [{ rows: 20, kept_since: null }],
  });
  // What the log no longer has is seen in the rollup, which had counted it.
  await its.store.define(
    "ALTER TABLE events DELETE WHERE event_id = 'e1' SETTINGS mutations_sync = 2",
  );
  expect(await verify(its)).toMatchObject({
    equal: false,
    differing: 0,
    rollups: [{ differing: 1, differences: [{ unexpected: 1 }] }],
  });
});

test('what the log drops before it could be looked at again is no difference', async () => {
  const its = await run({ logRetentionMs: hourMs });
  // The store refuses it, so that its hour differs until it is found among the dead letters.
  const odd = { event_id: 'odd', type: 'purchase', timestamp: nowMs, late: 'perhaps' };
  await its.events.append([{ key: 'odd', value: JSON.stringify(odd) }]);
  await send(its, ...Array.from({ length: 20 }, (_, i) => order(`e${i}`, nowMs - i * hourMs)));
  expect(await verify(its)).toMatchObject({ equal: true, log: { from: 0, refused: 1 } });
  let trimmed: Promise<void> | undefined;
  const report = await verify(its, ({ what }) => {
    if (what !== 'rows' || trimmed) return;
    nowMs += 2 * hourMs;
    trimmed = its.events.trim(its.eventLoader.committed);
  });
  await trimmed;
  const { start } = its.events;
  expect(start).toBeGreaterThan(3);
  expect(report).toMatchObject({
    equal: true,
    log: { from: start, to: 21, events: 21 - start, refused: 0 },
  });
});

test('what `keep` removes is no loss, also if it does so meanwhile', async () => {
  // The engine's clock cannot be set, so the collector's is behind it.
  nowMs = Date.now() - 2 * dayMs;
  const its = await run({ keep: '30d' });
  await send(its, order('past', Date.now() - 31 * dayMs), order('within', nowMs));
  await mergeAll(its);
  // By the clock it is still kept: so its loss is seen, until the clock has moved on.
  const lost = await verify(its);
  expect(lost).toMatchObject({ equal: false, differing: 1, rollups: [{ differing: 1 }] });
  expectSince(lost.kept_since, nowMs - 30 * dayMs);
  const report = await verify(its, () => {
    nowMs = Date.now();
  });
  expect(report).toMatchObject({
    equal: true,
    hours: 1,
    differences: [],
    rollups: [{ hours: 1, rows: 1, differences: [] }],
  });
  expectSince(report.kept_since, nowMs - 30 * dayMs);
  expectSince(report.rollups[0]?.kept_since, nowMs - 30 * dayMs);
});

test('what a `keep` removed that was shorter once is no loss', async () => {
  const ages = [1, 20, 40];
  await send(
    await run({ keep: '60d', rollupKeep: '90d' }),
    ...ages.map((days) => order(`${days} days`, nowMs - days * dayMs)),
  );
  await mergeAll(await run({ keep: '30d', rollupKeep: '90d' }));
  const events = await run({ keep: '60d', rollupKeep: '90d' });
  const ofEvents = await verify(events);
  expect(ofEvents).toMatchObject({ equal: true, hours: 2, rollups: [{ hours: 2, rows: 2 }] });
  expectSince(ofEvents.kept_since, nowMs - 30 * dayMs);
  expectSince(ofEvents.rollups[0]?.kept_since, nowMs - 30 * dayMs);

  await mergeAll(await run({ keep: '60d', rollupKeep: '10d' }));
  const its = await run({ keep: '60d', rollupKeep: '90d' });
  const ofRollup = await verify(its);
  expect(ofRollup).toMatchObject({ equal: true, hours: 2, rollups: [{ hours: 1, rows: 1 }] });
  expectSince(ofRollup.kept_since, nowMs - 30 * dayMs);
  expectSince(ofRollup.rollups[0]?.kept_since, nowMs - 10 * dayMs);
});

test('a rollup with a shorter `keep` than its events is compared as far as it goes', async () => {
  const its = await run({ rollupKeep: '10d' });
  await send(its, order('old', nowMs - 20 * dayMs), order('young', nowMs - dayMs));
  await mergeAll(its);
  const report = await verify(its);
  expect(report).toMatchObject({
    equal: true,
    hours: 2,
    kept_since: null,
    rollups: [{ hours: 1, rows: 1 }],
  });
  expectSince(report.rollups[0]?.kept_since, nowMs - 10 * dayMs);
});

test('a log of which much was given up is compared around the gaps, in bounded statements', async () => {
  const events = 1_000;
  await send(
    await run(),
    ...Array.from({ length: events }, (_, i) => order(`e${i}`, nowMs - (i % 50) * hourMs)),
  );
  await embedded?.close();
  embedded = undefined;
  const { eventLog } = dataFolder(folder);
  const segments = readdirSync(eventLog)
    .filter((name) => name.endsWith('.log'))
    .sort();
  const givenUp = segments.filter((_, i) => i % 2 === 1 && i < segments.length - 2);
  expect(givenUp.length).toBeGreaterThan(110);
  for (const name of givenUp) rmSync(join(eventLog, name));
  const its = await run();
  let rangesMost = 0;
  const watched: Embedded = {
    ...its,
    store: {
      ...its.store,
      read: (sql, options) => {
        rangesMost = Math.max(rangesMost, sql.split(' OR ').length);
        return its.store.read(sql, options);
      },
    },
  };
  const report = await verify(watched);
  expect(report).toMatchObject({ equal: true, log: { from: 0, to: events } });
  expect(report.log.missing).toBeGreaterThan(200);
  expect(report.log.events + report.log.missing).toBe(events);
  expect(rangesMost).toBe(100);
  // A thousand appends, each of which waits for the disk.
}, 600_000);

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { count, definePipeline, type Pipeline, rollup, window } from '../index.ts';
import { Rate } from '../observe/rate.ts';
import type { CrashPoint } from '../ports/crash-points.ts';
import { type Embedded, openEmbedded } from './embedded.ts';
import { embeddedStatus } from './embedded-status.ts';
import {
  base,
  beginMs,
  expectResults,
  latenessMs,
  results,
  type Sent,
  send,
  shop,
} from './windows.suite.ts';

let folder: string;
let nowMs: number;
let crashAt: CrashPoint | null;
let problems: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-windows-'));
  nowMs = beginMs;
  crashAt = null;
  problems = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

class Crash extends Error {}

const open = (pipeline: Pipeline = shop): Promise<Embedded> =>
  openEmbedded({
    pipeline,
    folder,
    dedupMemoryBytesMax: 64 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: 0,
    logSegmentBytes: 1024 * 1024,
    clock: { now: () => nowMs },
    reach: (point) => {
      if (point !== crashAt) return;
      crashAt = null;
      throw new Crash(point);
    },
    onProblem: (what, error) => {
      if (!(error instanceof Crash)) problems.push(`${what}: ${String(error)}`);
    },
  });

/** Until nothing that was begun is left. */
async function advance({ windows }: Embedded): Promise<void> {
  for (;;) {
    try {
      return await windows.advance();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
}

const steps = fc.array(
  fc.record({
    waitMs: fc.integer({ min: 0, max: 18 }).map((n) => n * 5_000),
    events: fc.array(
      fc.record({
        type: fc.constantFrom('purchase' as const, 'other' as const),
        // Mostly in time, often just so, some late, some of a clock that is ahead.
        ago: fc.integer({ min: -8, max: 5 }).map((n) => n * 5_000),
        user_id: fc.constantFrom('u1', 'u2', null),
        cents: fc.integer({ min: 50, max: 500 }),
      }),
      { maxLength: 6 },
    ),
    crash: fc.constantFrom(null, null, 'window-intended' as const, 'window-inserted' as const),
    restart: fc.constantFrom(false, false, false, true),
  }),
  { minLength: 3, maxLength: 10 },
);

describe('the results of windows', () => {
  test('are those of a recomputation from what is not late, each once, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        nowMs = beginMs;
        crashAt = null;
        let embedded = await open();
        try {
          const sent: Sent[] = [];
          for (const { waitMs, events, crash, restart } of all) {
            nowMs += waitMs;
            const these = events.map(({ ago, ...event }) => ({
              ...event,
              timestamp: nowMs - ago,
              sentAtMs: nowMs,
            }));
            sent.push(...these);
            await send(
              embedded,
              ...these.map(({ type, timestamp, user_id, cents }, i) => ({
                event_id: `${sent.length}-${i}`,
                type,
                timestamp,
                user_id,
                properties: type === 'purchase' ? { value: (cents / 100).toFixed(2) } : {},
              })),
            );
            crashAt = crash;
            if (restart) {
              await embedded.windows.advance().catch(() => {});
              crashAt = null;
              await embedded.close();
              embedded = await open();
            }
            await advance(embedded);
          }
          // Nothing comes any more: the clock alone brings the last windows out.
          nowMs += 10 * 60_000;
          crashAt = null;
          await advance(embedded);
          await expectResults(embedded, sent, { openMs: beginMs - latenessMs, nowMs });
          expect(problems).toEqual([]);
        } finally {
          await embedded.close();
          rmSync(folder, { recursive: true });
        }
      }),
      { numRuns: 12 },
    );
  });

  test('leave nothing out when the clock is put back or more lateness is allowed', async () => {
    let embedded = await open();
    await send(embedded, { type: 'purchase', user_id: 'u', properties: { value: '2.00' } });
    nowMs += 10 * 60_000;
    await advance(embedded);
    nowMs -= 9 * 60_000;
    await send(embedded, { type: 'purchase', user_id: 'u', properties: { value: '3.00' } });
    await embedded.close();
    embedded = await open({ ...shop, lateness: '1h' });
    await send(embedded, { type: 'purchase', user_id: 'u', properties: { value: '4.00' } });
    nowMs += 20 * 60_000;
    await send(embedded, { type: 'purchase', user_id: 'u', properties: { value: '5.00' } });
    nowMs += 90 * 60_000;
    await advance(embedded);
    // What the windows do not have is called late.
    const { bytes } = await embedded.store.read(
      `SELECT (SELECT sum(spent) FROM by_user), sumIf(properties.value, late), sum(properties.value) FROM events`,
      { format: 'TSV' },
    );
    expect(Buffer.from(bytes).toString().trim()).toBe('7\t7\t14');
    await embedded.close();
  });

  test('begin with the window that is open when a window is new or changed', async () => {
    const plain = await open(definePipeline(base));
    await send(
      plain,
      ...[-70_000, 0].map((at) => ({
        type: 'purchase',
        user_id: 'u',
        timestamp: beginMs + at,
        properties: { value: '2.00' },
      })),
    );
    await plain.close();
    const first = await open();
    nowMs += 90_000;
    await advance(first);
    expect(await results(first, 'orders', 'by_user')).toEqual([`${beginMs + 60_000}\t1`]);
    await first.close();

    const changed = await open(
      definePipeline({
        ...base,
        windows: [
          window('by_user', { from: 'purchase', tumbling: '2m', measures: { orders: count() } }),
        ],
      }),
    );
    nowMs += 60_000;
    await advance(changed);
    expect(await results(changed, 'orders', 'by_user')).toEqual([`${beginMs + 120_000}\t1`]);
    expect(changed.readable).not.toContain('busy');
    await changed.close();

    const rolled = await open(
      definePipeline({
        ...base,
        rollups: [
          rollup('by_user', { from: 'purchase', every: 'day', measures: { orders: count() } }),
        ],
      }),
    );
    const { bytes } = await rolled.store.read('SELECT orders FROM by_user', { format: 'TSV' });
    expect(Buffer.from(bytes).toString().trim()).toBe('2');
    await rolled.close();
  });
});

test('the status says how far windows are, and for how long their results are due', async () => {
  const embedded = await open();
  // Seen at another time than the windows have, which would be written otherwise.
  const windows = async (seenAtMs = nowMs) => {
    const about = { version: '1', startedAt: new Date(), rate: new Rate(), alerts: [] };
    const seen = { ...embedded, clock: { now: () => seenAtMs } };
    return (await embeddedStatus(seen, about)).windows;
  };
  const time = (ms: number) => new Date(ms).toISOString();
  const untilMs = Math.floor((beginMs - latenessMs) / 60_000) * 60_000;
  const byUser = { name: 'by_user', version: 1 };
  expect(await windows()).toMatchObject([
    { ...byUser, results_until: time(untilMs), next_end: time(untilMs + 60_000), lag_ms: 0 },
    { name: 'busy', results_until: time(untilMs) },
    { name: 'visits', lag_ms: 0 },
  ]);
  const dueMs = untilMs + 60_000 + latenessMs;
  const [late] = (await windows(dueMs + 1_234)) ?? [];
  expect(late).toMatchObject({ results_until: time(untilMs), lag_ms: 1_234 });
  nowMs = dueMs;
  await advance(embedded);
  expect((await windows())?.[0]).toEqual({
    ...byUser,
    results_until: time(untilMs + 60_000),
    next_end: time(untilMs + 120_000),
    lag_ms: 0,
  });
  await embedded.close();
});

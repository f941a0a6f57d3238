import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diskObjects } from '../adapters/objects/disk-objects.ts';
import { count, definePipeline, type Pipeline, window } from '../index.ts';
import type { CrashPoint } from '../ports/crash-points.ts';
import type { WindowReplay } from '../ports/window-versions.ts';
import { type Embedded, openEmbedded } from './embedded.ts';
import { replayDesk } from './replay-desk.ts';
import {
  base,
  beginMs,
  expectResults,
  latenessMs,
  type Sent,
  send,
  shop,
} from './windows.suite.ts';

class Crash extends Error {}

const names = ['by_user', 'busy', 'visits'] as const;
/** Before all that is sent. */
const longAgoMs = beginMs - 3_600_000;
const everything = { sinceMs: null, untilMs: null };

let folder: string;
let embedded: Embedded | undefined;
let nowMs: number;
/** Since when the windows that the definition made have results. */
let openMs: number;
let sent: Sent[];
/** What fails from now on, and how often. */
let failing: { readonly point: CrashPoint | null; times: number };
let problems: string[];
beforeEach(begin);
afterEach(end);

function begin(): void {
  folder = mkdtempSync(join(tmpdir(), 'millrace-window-replay-'));
  nowMs = beginMs;
  sent = [];
  failing = { point: null, times: 0 };
  problems = [];
}
async function end(): Promise<void> {
  await embedded?.close();
  embedded = undefined;
  rmSync(folder, { recursive: true, force: true });
  expect(problems).toEqual([]);
}

/** Closes what runs, and goes on. */
async function run(pipeline: Pipeline = shop, logRetentionMs: number | null = null) {
  await embedded?.close();
  embedded = await openEmbedded({
    pipeline,
    folder: join(folder, 'data'),
    dedupMemoryBytesMax: 64 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs,
    logSegmentBytes: 1024 * 1024,
    eventsPerFillStep: 7,
    archive: { objects: diskObjects(join(folder, 'archive')), waitMsMax: 3_600_000 },
    clock: { now: () => nowMs },
    reach: (point) => {
      if (point !== failing.point || failing.times === 0) return;
      failing.times -= 1;
      throw new Crash(point);
    },
    onProblem: (what, error) => {
      if (!(error instanceof Crash)) problems.push(`${what}: ${String(error)}`);
    },
  });
  return embedded;
}

interface Sending {
  readonly type: 'purchase' | 'other';
  readonly ago: number;
  readonly user_id: string | null;
  readonly cents: number;
}

async function sell(to: Embedded, events: readonly Sending[]): Promise<void> {
  const these = events.map(
    ({ ago, ...event }): Sent => ({
      ...{ ...event, timestamp: nowMs - ago, sentAtMs: nowMs },
    }),
  );
  sent.push(...these);
  await send(
    to,
    ...these.map(({ type, timestamp, user_id, cents }, i) => ({
      event_id: `${sent.length}-${i}`,
      ...{ type, timestamp, user_id },
      properties: type === 'purchase' ? { value: (cents / 100).toFixed(2) } : {},
    })),
  );
}

/** Brings out what has ended, until nothing that was begun is left. */
async function advance({ windows }: Embedded): Promise<void> {
  for (;;) {
    try {
      return await windows.advance();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
}

/** A minute of events: in time, just so, and late. */
const minute: readonly Sending[] = [0, 1, 5, 9, 10, 11, 30].map((seconds) => ({
  type: seconds % 2 === 0 ? 'purchase' : 'other',
  ago: seconds * 1_000,
  user_id: seconds < 6 ? 'u1' : 'u2',
  cents: 90 + seconds * 10,
}));

async function minutes(to: Embedded, n: number): Promise<void> {
  for (let done = 0; done < n; done += 1) {
    nowMs += 60_000;
    await sell(to, minute);
    await advance(to);
  }
}

const tablesOf = (version: number) => ({
  by_user: `by_user__v${version}`,
  busy: `busy__v${version}`,
  visits: `visits__v${version}`,
});

/** Each version that gets what comes has its results: those of the definition since it was new, others all. */
async function expectVersions(of: Embedded): Promise<void> {
  for (const version of of.windowTables.in('ready', 'kept'))
    await expectResults(
      of,
      sent,
      { nowMs, openMs: version.replay === null ? openMs : longAgoMs },
      tablesOf(version.window.version),
      [nameOf(version.window.name)],
    );
}

const nameOf = (name: string) =>
  names.find((one) => one === name) ?? expect.fail(`no window ${name}`);

const states = (of: Embedded): string =>
  of.windowTables.versions
    .filter(({ window: { name } }) => name === 'by_user')
    .map(({ window: { version }, stage }) => `v${version} ${stage}`)
    .join(', ');

/** Some minutes before there are windows, and some with them. */
async function begun(logRetentionMs: number | null = null): Promise<Embedded> {
  await minutes(await run(definePipeline(base), logRetentionMs), 3);
  openMs = nowMs - latenessMs;
  const now = await run(shop, logRetentionMs);
  await minutes(now, 3);
  return now;
}

describe('a replay of windows', () => {
  test.each(['archive', 'log', 'events'] as const)(
    'from the %s has all results, those of before the window too, and gets what comes',
    async (from) => {
      const now = await begun();
      await now.archiver?.flush();
      await minutes(now, 1);
      const desk = replayDesk(now);
      const streamed = now.windowResults.get('by_user');
      const place = streamed?.newest ?? expect.fail('no results');
      failing = { point: 'window-replay-inserted', times: Number.POSITIVE_INFINITY };
      for (const name of names) await desk.begin({ name, from, ...everything });
      // In time for windows that have not ended, and were not replayed.
      nowMs += 5_000;
      await sell(now, [{ type: 'purchase', ago: 8_000, user_id: 'u2', cents: 200 }]);
      await minutes(now, 2);
      expect(states(now)).toBe('v1 ready, v2 filling');
      await expectResults(now, sent, { nowMs, openMs });
      failing.times = 0;
      await now.windowReplayer.ended();
      expect(states(now)).toBe('v1 kept, v2 ready');
      await minutes(now, 2);
      await expectResults(now, sent, { nowMs, openMs: longAgoMs });
      await expectVersions(now);
      // Nothing that is old is told as new: what follows the place is what came since.
      const news = (await streamed?.read(place, 1_000))?.map(({ json }) => json) ?? [];
      const ends = news.map((json) => String(JSON.parse(json).window_end)).map(Date.parse);
      expect(Math.min(...ends)).toBeGreaterThanOrEqual(place.endMs);
      expect(ends).toHaveLength(4);

      await desk.back('by_user');
      expect(states(now)).toBe('v1 ready, v2 kept');
      await expectResults(now, sent, { nowMs, openMs }, undefined, ['by_user']);
      await desk.drop('by_user');
      await now.windowReplayer.ended();
      expect(states(now)).toBe('v1 ready');
      await minutes(now, 1);
      await expectVersions(now);
      const { bytes } = await now.store.read("SHOW TABLES LIKE '%\\_\\_v%'", { format: 'TSV' });
      expect(Buffer.from(bytes).toString().trim().split('\n')).toEqual([
        ...['busy__v1', 'busy__v2', 'by_user__v1', 'visits__v1', 'visits__v2'],
      ]);
    },
  );

  test('is what readers see after a restart, keeps its identity, and ends with the definition', async () => {
    const now = await begun();
    await replayDesk(now).begin({ name: 'by_user', from: 'log', ...everything });
    await now.windowReplayer.ended();
    const again = await run();
    expect(states(again)).toBe('v1 kept, v2 ready');
    expect(again.plan.windows[0]?.version).toBe(2);
    expect(again.windowTables.ready('by_user')?.definedAs).toBe('by_user__v1');
    await minutes(again, 1);
    await expectVersions(again);
    const changed = window('by_user', {
      from: 'purchase',
      tumbling: '2m',
      measures: { orders: count() },
    });
    const after = await run(definePipeline({ ...base, windows: [changed] }));
    await after.windowReplayer.ended();
    expect(states(after)).toBe('v3 ready');
    expect(after.windowTables.ready('by_user')?.definedAs).toBe('by_user__v3');
  });

  test('is refused where it cannot be', async () => {
    const now = await begun(0);
    const desk = replayDesk(now);
    const from = 'log';
    await expect(
      desk.begin({ name: 'by_user', from, sinceMs: 0, untilMs: null }),
    ).rejects.toMatchObject({ code: 'replay_invalid' });
    await expect(desk.back('by_user')).rejects.toMatchObject({ code: 'replay_conflict' });
    await expect(desk.drop('by_user')).rejects.toMatchObject({ code: 'replay_conflict' });
    failing = { point: 'window-replay-inserted', times: Number.POSITIVE_INFINITY };
    await desk.begin({ name: 'by_user', from: 'events', ...everything });
    await expect(
      desk.begin({ name: 'by_user', from: 'events', ...everything }),
    ).rejects.toMatchObject({ code: 'replay_conflict' });
    await desk.drop('by_user');
    failing.times = 0;
    await now.windowReplayer.ended();
    expect(states(now)).toBe('v1 ready');
  });
});

const sendings = fc.array(
  fc.record({
    type: fc.constantFrom('purchase' as const, 'other' as const),
    ago: fc.integer({ min: -2, max: 5 }).map((n) => n * 5_000),
    user_id: fc.constantFrom('u1', 'u2', null),
    cents: fc.integer({ min: 50, max: 500 }),
  }),
  { minLength: 1, maxLength: 12 },
);
const stepArbitrary = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      waitMs: fc.integer({ min: 0, max: 24 }).map((n) => n * 5_000),
      events: sendings,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      from: fc.constantFrom<WindowReplay['from']>('archive', 'log', 'events'),
      name: fc.constantFrom(...names),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom('flush' as const, 'restart' as const) },
  {
    weight: 3,
    arbitrary: fc.record({
      point: fc.constantFrom<CrashPoint>(
        'replay-intended',
        'replay-inserted',
        'window-replay-intended',
        'window-replay-inserted',
        'window-replay-shown',
        'window-replay-switched',
        'window-intended',
        'window-inserted',
      ),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

test('whatever is sent, replayed and interrupted, every version equals a recomputation', async () => {
  await fc.assert(
    fc
      .asyncProperty(fc.array(stepArbitrary, { minLength: 5, maxLength: 12 }), async (steps) => {
        let now = await begun();
        for (const step of steps) {
          if (step === 'flush') await now.archiver?.flush();
          else if (step === 'restart') now = await run();
          else if ('point' in step) failing = { ...step };
          else if ('from' in step) {
            if (now.windowTables.filling(step.name) !== undefined) continue;
            if (step.from === 'archive') await now.archiver?.flush();
            await replayDesk(now)
              .begin({ ...step, ...everything })
              .catch((error: unknown) => {
                if (!(error instanceof Crash)) throw error;
              });
          } else {
            nowMs += step.waitMs;
            await sell(now, step.events);
            await advance(now);
          }
        }
        failing.times = 0;
        await now.windowReplayer.ended();
        nowMs += 10 * 60_000;
        await advance(now);
        await expectVersions(now);
      })
      .beforeEach(begin)
      .afterEach(end),
    { numRuns: 6 },
  );
});

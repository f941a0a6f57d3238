import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Random, testSeed } from '../../../../tests/support/random.ts';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import {
  avg,
  count,
  event,
  float64,
  type Pipeline,
  quantiles,
  rollup,
  string,
  sum,
  uniq,
} from '../index.ts';
import type { CrashPoint } from '../ports/crash-points.ts';
import type { VerifyReport } from '../verify/report.ts';
import { type Embedded, openEmbedded } from './embedded.ts';
import { verifying } from './verifying.ts';

const seed = testSeed();
const random = new Random(seed);
const hourMs = 3_600_000;
const measures = {
  orders: count(),
  total: sum('ratio'),
  mean: avg('ratio'),
  people: uniq('user_id'),
  spread: quantiles('ratio', [0.1, 0.5, 0.9]),
};
const hourly = rollup('sums', { from: 'purchase', every: 'hour', by: ['currency'], measures });
const daily = rollup('sums', { from: 'purchase', every: 'day', measures });

let folder: string;
let embedded: Embedded | undefined;
/** Where whatever fills rollups fails from now on; null: nowhere. */
let failing: CrashPoint | null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-verify-load-'));
  failing = null;
});
afterEach(async () => {
  await embedded?.close();
  embedded = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function run(rollups: Pipeline['rollups']): Promise<Embedded> {
  await embedded?.close();
  embedded = await openEmbedded({
    pipeline: {
      name: 'shop',
      events: { purchase: event({ ratio: float64(), currency: string() }) },
      rollups: rollups ?? [],
    },
    folder,
    dedupMemoryBytesMax: 64 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: null,
    logSegmentBytes: 1024 * 1024,
    eventsPerFillStep: 500,
    reach: (point) => {
      if (point === failing) throw new Error(point);
    },
    onProblem: () => {},
  });
  return embedded;
}

let serial = 0;
async function send({ collector }: Embedded, events: number): Promise<void> {
  const nowMs = Date.now();
  const batch = Array.from({ length: events }, () => {
    serial += 1;
    return {
      event_id: `e${serial}`,
      type: 'purchase',
      timestamp: nowMs - (random.chance(0.7) ? 0 : random.between(0, 100 * 24) * hourMs),
      user_id: `u${random.between(1, 5_000)}`,
      properties: {
        ratio: random.pick([1e-9, 1, 1e9]) * random.next(),
        currency: random.pick(['EUR', 'GBP', 'USD']),
      },
    };
  });
  const body = Buffer.from(JSON.stringify(batch));
  const { rejected } = await collector.collect(
    nativeBatch(readJson(body, false, collector.limits)),
  );
  expect(rejected).toEqual([]);
}
const verify = (from: Embedded): Promise<VerifyReport> =>
  verifying(from)(() => {}, new AbortController().signal);

test(`always equal while events come in (seed ${seed})`, async () => {
  const its = await run([hourly, { ...daily, name: 'days' }]);
  await send(its, 1_000);
  let done = false;
  const sending = (async () => {
    while (!done) {
      await send(its, random.between(1, 2_000));
      // As senders are held back that are ahead of the store.
      await its.eventLoader.settled(its.events.end - 2_000);
    }
  })();
  const compared: number[] = [];
  // At several moments of it.
  while (compared.length < 4 || new Set(compared).size < 2) {
    const report = await verify(its);
    expect(report.rollups.map(({ differences }) => differences)).toEqual([[], []]);
    expect(report).toMatchObject({ equal: true, differences: [] });
    compared.push(report.log.to);
  }
  done = true;
  await sending;
  await its.eventLoader.settled(its.events.end);
  expect(await verify(its)).toMatchObject({ equal: true, log: { to: its.events.end } });
});

test('what comes between the copy and the comparison is in neither', async () => {
  const its = await run([hourly]);
  await send(its, 100);
  await its.eventLoader.settled(its.events.end);
  let sent = 0;
  const watched: Embedded = {
    ...its,
    store: {
      ...its.store,
      read: async (sql, options) => {
        if (sql.includes('UNION ALL')) {
          await send(its, 20);
          await its.eventLoader.settled(its.events.end);
          sent += 1;
        }
        return its.store.read(sql, options);
      },
    },
  };
  expect(await verify(watched)).toMatchObject({ equal: true, log: { to: 100 } });
  expect(sent).toBeGreaterThan(0);
  expect(await verify(its)).toMatchObject({ equal: true, log: { to: 100 + 20 * sent } });
});

test('what readers see is compared, whatever is being filled and changes hands meanwhile', async () => {
  const first = await run([]);
  await send(first, 3_000);
  await first.eventLoader.settled(first.events.end);

  failing = 'rollup-inserted';
  const filling = await run([hourly]);
  expect(await verify(filling)).toMatchObject({ equal: true, rollups: [], being_filled: ['sums'] });
  failing = null;
  await filling.filler.ended();
  expect(await verify(filling)).toMatchObject({
    equal: true,
    rollups: [{ rollup: 'sums', version: 1, differing: 0 }],
    being_filled: [],
  });

  failing = 'rollup-filled';
  const changing = await run([daily]);
  expect(await verify(changing)).toMatchObject({ equal: true, rollups: [{ version: 1 }] });
  // Readers are handed over while the version before is compared.
  const report = await verifying(changing)(({ what }) => {
    if (what === 'sums') failing = null;
  }, new AbortController().signal);
  expect(report).toMatchObject({ equal: true, rollups: [{ rollup: 'sums', differing: 0 }] });
  await changing.filler.ended();
  expect(await verify(changing)).toMatchObject({ equal: true, rollups: [{ version: 2 }] });
});

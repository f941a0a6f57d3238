import { expect, test, vi } from 'vitest';
import { Random, testSeed } from '../support/random.ts';
import { planOf } from './plan-of-seed.ts';
import { liveThrough, type Plan } from './scenario.ts';
import { calm } from './world.ts';

vi.mock('node:timers/promises', () => import('./virtual-timers.ts'));
// The same bytes each time: what they are decides nothing, but how many collide.
vi.mock('node:crypto', async (original) => ({
  ...(await original<typeof import('node:crypto')>()),
  randomBytes: (bytes: number) => Buffer.alloc(bytes, 7),
}));

const seed = testSeed();
/** `npm run test:long` asks for thousands. */
const seeds = Number(process.env.MILLRACE_TEST_SEEDS ?? 60);
/** How often a crash in each call is tried, each time with another part kept. */
const survivals = Number(process.env.MILLRACE_TEST_SURVIVALS ?? 1);
const tell = (line: string): void => {
  if (process.env.MILLRACE_TEST_TRACE !== undefined) process.stdout.write(line);
};

test(`whatever crashes and fails, the promises hold (seeds from ${seed}, ${seeds} of them)`, async () => {
  for (let each = seed; each < seed + seeds; each += 1) {
    await liveThrough(planOf(new Random(each)), { seed: each, tell }).catch((cause: unknown) => {
      const replay = `MILLRACE_TEST_TRACE=1 MILLRACE_TEST_SEED=${each} MILLRACE_TEST_SEEDS=1 npx vitest run --project system tests/simulation -t whatever`;
      throw new Error(`Seed ${each}: ${cause}\nTo see it again: ${replay}`, { cause });
    });
  }
}, 3_600_000);

test('the same seed is the same run', async () => {
  const run = () => liveThrough(planOf(new Random(seed)), { seed });
  expect(await run()).toEqual(await run());
});

/** Small, and all is well, so that it goes the same way up to the crash. */
const short: Plan = {
  lives: 2,
  senders: 2,
  batches: 3,
  pauseMsMax: 30,
  eventsMax: 4,
  padMax: 600,
  inserts: { rowsMax: 8, rowsEnough: 1, rowsEnoughBeside: 2 },
  logSegmentBytes: 2_000,
  dedupMemoryBytesMax: 1_000_000,
  weather: () => calm,
  crashAfter: () => Number.POSITIVE_INFINITY,
  clockJumpMs: () => 0,
};

test(`a crash in each call of disk and store, ${survivals} times each (seed ${seed})`, async () => {
  const { operations } = await liveThrough(short, { seed });
  for (let call = 1; call <= operations; call += 1) {
    for (let survival = 0; survival < survivals; survival += 1) {
      const survivalSeed = seed + call * 1_000 + survival;
      // The next life crashes, too: while it repairs, or after.
      const again = new Random(survivalSeed).between(1, 150);
      const crashAfter = (_: Random, life: number): number => (life === 0 ? call : again);
      const { crashes } = await liveThrough({ ...short, crashAfter }, { seed, survivalSeed });
      expect(crashes).toBeGreaterThan(0);
    }
  }
}, 3_600_000);

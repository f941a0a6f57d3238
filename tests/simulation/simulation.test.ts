import { expect, test, vi } from 'vitest';
import { Random, testSeed } from '../support/random.ts';
import { planOf } from './plan-of-seed.ts';
import { liveThrough, type Plan } from './scenario.ts';
import { calm } from './world.ts';

vi.mock('node:timers/promises', () => import('./virtual-timers.ts'));
vi.mock('node:crypto', async (original) => ({
  ...(await original<typeof import('node:crypto')>()),
  ...(await import('./drawn-bytes.ts')),
}));

const seed = testSeed();
/** `npm run test:long` asks for thousands. */
const seeds = Number(process.env.MILLRACE_TEST_SEEDS ?? 60);
/** How often a crash in each call is tried, each time with another part kept. */
const survivals = Number(process.env.MILLRACE_TEST_SURVIVALS ?? 1);
/** One call alone, and one seed of what survives it, to see them again. */
const [onlyCall, onlySurvival] = [
  process.env.MILLRACE_TEST_CALL,
  process.env.MILLRACE_TEST_SURVIVAL,
];
const tell = (line: string): void => {
  if (process.env.MILLRACE_TEST_TRACE !== undefined) process.stdout.write(line);
};

test(`whatever crashes and fails, the promises hold (seeds from ${seed}, ${seeds} of them)`, async () => {
  for (let each = seed; each < seed + seeds; each += 1) {
    await liveThrough(planOf(new Random(each)), { seed: each, tell }).catch((cause: unknown) => {
      const again = toSeeAgain('whatever', { SEED: each, SEEDS: 1 });
      throw new Error(`Seed ${each}: ${cause}\n${again}`, { cause });
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
  idsPerRunMin: 2,
  residentIdsMin: 4,
  weather: () => calm,
  crashAfter: () => Number.POSITIVE_INFINITY,
  clockJumpMs: () => 0,
};

test(`a crash in each call of disk and store, ${survivals} times each (seed ${seed})`, async () => {
  const { operations } = await liveThrough(short, { seed });
  const [first = 0, second = 0] = operations;
  for (const call of onlyCall ? [Number(onlyCall)] : upTo(first + second)) {
    const drawn = upTo(survivals).map((survival) => seed + call * 1_000 + survival);
    for (const survivalSeed of onlySurvival ? [Number(onlySurvival)] : drawn) {
      // If the first life crashes, the next one does as well: while it repairs, or after.
      const again = new Random(survivalSeed).between(1, 150);
      const crashAfter = (_: Random, life: number): number => {
        if (call <= first) return life === 0 ? call : again;
        return life === 0 ? Number.POSITIVE_INFINITY : call - first;
      };
      const outcome = liveThrough({ ...short, crashAfter }, { seed, survivalSeed, tell });
      const { crashes, operations } = await outcome.catch((cause: unknown) => {
        throw new Error(
          `A crash in call ${call}, survival seed ${survivalSeed}: ${cause}\n${toSeeAgain(
            'each call',
            {
              SEED: seed,
              CALL: call,
              SURVIVAL: survivalSeed,
            },
          )}`,
          { cause },
        );
      });
      // What the power left of the first life decides how many calls the second one has.
      const [, calls = 0] = operations;
      if (call <= first || call - first <= calls) expect(crashes).toBeGreaterThan(0);
    }
  }
}, 3_600_000);

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n + 1);

function toSeeAgain(name: string, given: Readonly<Record<string, number>>): string {
  const variables = Object.entries(given).map(([of, value]) => `MILLRACE_TEST_${of}=${value} `);
  return `To see it again: MILLRACE_TEST_TRACE=1 ${variables.join('')}npx vitest run --project system tests/simulation -t '${name}'`;
}

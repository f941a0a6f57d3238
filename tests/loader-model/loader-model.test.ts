import { describe, expect, test, vi } from 'vitest';
import { Random, testSeed } from '../support/random.ts';
import { explore, Violation } from './explore.ts';
import { type Breach, type Faults, LoaderWorld, type LoaderWorldOptions } from './loader-world.ts';
import { walk } from './walk.ts';

vi.mock('node:timers/promises', () => import('./model-timers.ts'));

const seed = testSeed();
/** `npm run test:long` asks for more of both. */
const walks = Number(process.env.MILLRACE_TEST_WALKS ?? 150);
const exploresLarge = process.env.MILLRACE_TEST_WALKS !== undefined;

type Small = Omit<LoaderWorldOptions, 'rowsMax'>;

const one: Small = { records: 'ab', faults: {} };
const growing: Small = { records: 'ab', arriving: 1, faults: {} };
const refused: Small = { records: 'a!', faults: {} };
const twoRanges: Small = { records: 'aba', faults: {} };

const exploreAll = (options: Small) =>
  explore(() => new LoaderWorld({ rowsMax: 2, ...options }), 1_000_000);

const small: readonly (readonly [Small, Faults])[] = [
  [growing, { crashes: 1 }],
  [growing, { takeovers: 1 }],
  [one, { takeovers: 1, failures: 1 }],
  [one, { pauses: 2, failures: 1 }],
  [one, { pauses: 1, takeovers: 1 }],
  [refused, { crashes: 1 }],
  [refused, { failures: 1, pauses: 1 }],
  [twoRanges, { failures: 1 }],
];

const large: readonly (readonly [Small, Faults])[] = [
  [one, { pauses: 2, takeovers: 1, failures: 1 }],
  [one, { pauses: 2, crashes: 2 }],
  [growing, { pauses: 1, takeovers: 1 }],
  [growing, { crashes: 1, takeovers: 1 }],
  [refused, { takeovers: 1, failures: 1 }],
  [twoRanges, { crashes: 1 }],
  [twoRanges, { takeovers: 1 }],
];

describe('whatever happens, in whatever order, each record is there once, and all get there', () => {
  test.each(exploresLarge ? [...small, ...large] : small)(
    '%o, %o',
    async (world, faults) => {
      const { states, edges, done } = await exploreAll({ ...world, faults });
      process.stdout.write(`${states} states, ${edges} steps\n`);
      expect(done).toBeGreaterThan(0);
    },
    3_600_000,
  );

  test(`in larger worlds, by chance (seeds from ${seed}, ${walks} of them)`, async () => {
    for (let each = seed; each < seed + walks; each += 1) {
      const random = new Random(each);
      const world = new LoaderWorld({
        records: Array.from({ length: 12 }, () => random.pick([...'aabbc!'])).join(''),
        arriving: random.between(0, 10),
        rowsMax: 4,
        faults: { crashes: 3, takeovers: 3, failures: 6, pauses: 3 },
      });
      await walk(world, random, { stormyMax: 400, calmMax: 20_000 }).catch((cause: unknown) => {
        throw new Error(`Seed ${each}: ${cause}`, { cause });
      });
      world.leave();
    }
  }, 3_600_000);
});

describe('it finds', () => {
  test.each<readonly [Breach, Small, Faults, RegExp]>([
    ['inserts are answered before they land', one, {}, /is committed, and not in/],
    ['intents are not kept', growing, { crashes: 1 }, /is 2 times in/],
    ['commits are not fenced', growing, { takeovers: 1 }, /is 2 times in/],
    [
      'progress is read by who lost the partition',
      refused,
      { takeovers: 1, failures: 1 },
      /all is never done|is 2 times in/,
    ],
    ['each try has its own token', one, { failures: 1 }, /is 2 times in/],
    ['the store knows no deadlines', one, { takeovers: 1, pauses: 2 }, /is 2 times in/],
    ['deadlines are not moved on', one, { pauses: 1 }, /all is never done/],
    [
      'tokens are taken to be remembered for ever',
      one,
      { failures: 1, pauses: 2 },
      /is 2 times in/,
    ],
    ['what is there is inserted again', one, { failures: 1, pauses: 2 }, /is 2 times in/],
  ])('when %s', async (breach, world, faults, what) => {
    const found: unknown = await exploreAll({ ...world, faults, breach }).catch((error) => error);
    expect(found).toBeInstanceOf(Violation);
    expect(String(found)).toMatch(what);
  });
});

import type { Random } from '../support/random.ts';
import type { Plan } from './scenario.ts';
import { calm, type Weather } from './world.ts';

const minuteMs = 60_000;

/** What is tried under a seed: how much of everything that can go wrong. */
export function planOf(random: Random): Plan {
  // With more it would never start.
  const failing = { starting: random.pick([0, 0.01, 0.03]), running: random.pick([0, 0.02, 0.5]) };
  const jumps = random.pick([[0], [0, 5, 12], [0, -4, 9], [0, 5, 190]]);
  const lifetime = random.pick([60, 300, 1_000]);
  return {
    lives: random.between(1, 6),
    senders: random.between(1, 4),
    batches: random.between(1, 15),
    pauseMsMax: random.pick([1, 30, 300]),
    eventsMax: random.pick([3, 10, 60]),
    padMax: random.pick([20, 300, 1_500]),
    inserts: random.pick([{}, { rowsMax: 40, rowsEnough: 1, rowsEnoughBeside: 5 }]),
    logSegmentBytes: random.pick([1_000, 8_000, 100_000]),
    dedupMemoryBytesMax: random.pick([16_384, 1_000_000]),
    idsPerRunMin: random.pick([1, 10, 50]),
    residentIdsMin: random.pick([0, 30, 1_000]),
    weather: (at, work) => ({
      ...diskFailing(at, failing[work]),
      storeFails: at.chance(0.5) ? failing[work] : 0,
      freeBytes: at.chance(0.1) ? 1_000 : calm.freeBytes,
    }),
    crashAfter: (at) => (at.chance(0.15) ? Number.POSITIVE_INFINITY : at.between(1, lifetime)),
    lastCall: (at) => at.pick(lastCalls),
    clockJumpMs: (at) => at.pick(jumps) * minuteMs,
  };
}

/** No call, every call now and then, or some nearly always: a disk that cannot sync can often not cut either. */
function diskFailing(random: Random, share: number): Pick<Weather, 'diskFails' | 'failing'> {
  if (random.chance(0.4)) return { diskFails: 0 };
  if (random.chance(0.4)) return { diskFails: share };
  return { diskFails: random.pick([0.5, 1]), failing: random.pick(failingTogether) };
}

const failingTogether = [
  ['sync', 'truncate'],
  ['sync', 'truncate'],
  ['sync', 'syncFolder'],
  ['syncFolder'],
  ['write', 'truncate'],
  ['rename', 'unlink'],
] as const;

/** What is half durable when these are the last. */
const lastCalls = ['any', 'any', 'sync', 'syncFolder'] as const;

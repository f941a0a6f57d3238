import { describe, expect, test } from 'vitest';
import { Random, testSeed } from '../../../../tests/support/random.ts';
import type { Offsets } from '../ports/log-offsets.ts';
import { type Completeness, nothingSeen, type Sighting, type Step, seen } from './completeness.ts';
import { ModelPipeline } from './model-pipeline.suite.ts';

const seed = testSeed();

describe(`up to when a table has everything (seed ${seed})`, () => {
  test.each([
    ['a job', [0]],
    ['two jobs', [0, 0]],
    ['a job that holds things back', [0, 50]],
  ])('is never later than it has, with %s on the way', (_, holdsMs) => {
    let claims = 0;
    for (let run = 0; run < 60; run += 1) {
      const random = new Random(seed + run);
      const pipeline = new ModelPipeline(random, holdsMs);
      let known = nothingSeen;
      let missing = 0;
      for (let turns = 0; turns < 100; turns += 1) {
        const { asOfMs } = known;
        known = look(pipeline, known, random);
        if (known.asOfMs !== asOfMs) claims += 1;
        missing += missingBefore(pipeline, known.asOfMs);
      }
      expect({ run, missing }).toEqual({ run, missing: 0 });
    }
    expect(claims).toBeGreaterThan(30);
  });

  test('goes on behind a job that holds things back, as long as more comes', () => {
    const random = new Random(seed);
    const pipeline = new ModelPipeline(random, [0, 50]);
    let known = nothingSeen;
    for (let times = 0; times < 3; times += 1) {
      const before = pipeline.now();
      for (let turns = 0; turns < 2_000 && !((known.asOfMs ?? 0) > before); turns += 1) {
        known = look(pipeline, known, random);
      }
      expect(known.asOfMs).toBeGreaterThan(before);
    }
  });

  test.each([
    ['a job', [0]],
    ['two jobs', [0, 0]],
  ])('comes to hold for all, once nothing more comes, with %s on the way', (_, holdsMs) => {
    for (let run = 0; run < 30; run += 1) {
      const random = new Random(seed + run);
      const pipeline = new ModelPipeline(random, holdsMs);
      for (let things = 0; things < 300; things += 1) pipeline.happen();
      const last = pipeline.now();
      let known = nothingSeen;
      for (let turns = 0; turns < 2_000 && !((known.asOfMs ?? 0) > last); turns += 1) {
        known = look(pipeline, known, random, true);
      }
      expect(known.asOfMs).toBeGreaterThan(last);
    }
  });
});

describe(`heartbeats (seed ${seed})`, () => {
  test('lie behind all that was acknowledged before what they say', () => {
    for (let run = 0; run < 60; run += 1) {
      const random = new Random(seed + run);
      const pipeline = new ModelPipeline(random, [0, 50]);
      let known = nothingSeen;
      let beats = 0;
      for (let turns = 0; turns < 100; turns += 1) {
        const { asOfMs } = known;
        known = look(pipeline, known, random, false, pipeline.steps.slice(0, 1));
        if (known.asOfMs === null || known.asOfMs === asOfMs) continue;
        pipeline.beat(known.asOfMs);
        beats += 1;
      }
      for (let things = 0; things < 2_000; things += 1) pipeline.happen(true);
      expect(beats).toBeGreaterThan(0);
      expect({ run, behind: pipeline.behindHeartbeats() }).toEqual({ run, behind: [] });
    }
  });

  test('let a table behind a job that holds things back come to have all, once nothing more comes', () => {
    for (let run = 0; run < 30; run += 1) {
      const random = new Random(seed + run);
      const pipeline = new ModelPipeline(random, [0, 50]);
      for (let things = 0; things < 300; things += 1) pipeline.happen();
      const last = pipeline.now();
      let known = nothingSeen;
      let clean = nothingSeen;
      for (let turns = 0; turns < 2_000 && !((known.asOfMs ?? 0) > last); turns += 1) {
        clean = look(pipeline, clean, random, true, pipeline.steps.slice(0, 1));
        if (clean.asOfMs !== null) pipeline.beat(clean.asOfMs);
        known = look(pipeline, known, random, true);
      }
      expect(known.asOfMs).toBeGreaterThan(last);
    }
  });
});

/** What an observer sees while things go on happening between its questions. */
function look(
  pipeline: ModelPipeline,
  known: Completeness,
  random: Random,
  quiet = false,
  steps = pipeline.steps,
) {
  const meanwhile = (): void => {
    const most = random.chance(0.2) ? 60 : 6;
    for (let things = random.between(0, most); things > 0; things -= 1) pipeline.happen(quiet);
  };
  meanwhile();
  const timeMs = pipeline.now();
  const committed = new Map<string, Offsets>();
  for (const step of steps) {
    meanwhile();
    committed.set(step.group, pipeline.committed(step));
  }
  const ends = new Map<string, Offsets>();
  for (const { log } of steps) {
    meanwhile();
    ends.set(log, pipeline.ends(log));
  }
  return seen(known, steps, {
    timeMs,
    committed: ({ group }) => committed.get(group) ?? [],
    ends: (log) => ends.get(log) ?? [],
  });
}

const missingBefore = ({ acknowledgedMs, stored }: ModelPipeline, asOfMs: number | null): number =>
  acknowledgedMs.filter((ms, id) => asOfMs !== null && ms < asOfMs && !stored.has(id)).length;

describe('a table that is filled by one step', () => {
  const steps: readonly Step[] = [{ log: 'log', group: 'loader' }];
  const at = (timeMs: number, committed: Offsets, ends: Offsets): Sighting => ({
    timeMs,
    committed: () => committed,
    ends: () => ends,
  });
  const after = (...sightings: readonly Sighting[]): Completeness =>
    sightings.reduce((known, sighting) => seen(known, steps, sighting), nothingSeen);

  test('has everything at once, where there is nothing', () => {
    expect(after(at(5, [0, 0], [0, 0])).asOfMs).toBe(5);
  });

  test('has nothing for sure, as long as one partition lags', () => {
    expect(after(at(5, [3, 1], [3, 2]), at(6, [9, 1], [9, 9])).asOfMs).toBeNull();
    expect(after(at(5, [3, 1], [3, 2]), at(6, [9, 2], [9, 9])).asOfMs).toBe(5);
  });

  test('has what it had, when the clock is put back', () => {
    expect(after(at(9, [1], [1]), at(5, [1], [1])).asOfMs).toBe(9);
  });

  test('keeps few moments in mind while its step stands still, the newest and old ones', () => {
    const still = Array.from({ length: 10_000 }, (_, n) => at(n, [0], [n + 1]));
    const known = after(...still);
    expect(known.marks.length).toBeLessThanOrEqual(200);
    expect(known.marks.at(-1)?.timeMs).toBe(9_999);
    const half = seen(known, steps, at(10_000, [5_000], [10_001])).asOfMs ?? 0;
    expect(half).toBeGreaterThan(4_500);
    expect(half).toBeLessThan(5_000);
  });
});

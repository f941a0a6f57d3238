import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeDisk } from '../node-disk.ts';
import type { DedupIndex } from './dedup-index.ts';
import { DedupRule } from './dedup-rule.suite.ts';
import type { RunFile } from './run-file.ts';
import { runOf } from './run-of.suite.ts';
import { openDedupIndex } from './tiered-dedup-index.ts';

const HASH_BYTES = 16;
/** What an id takes beyond the memory given if it was spilled before it was forgotten. */
const FORGOTTEN_BYTES = 100;

let folder: string;
/** Of the runs that the log makes. */
let stored: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dedup-index-'));
  stored = mkdtempSync(join(tmpdir(), 'dedup-index-stored-'));
});
afterAll(() => {
  for (const each of [folder, stored]) rmSync(each, { recursive: true });
});

/** What the log keeps: the hashes of each group and when it was written. */
interface Written {
  readonly at: number;
  readonly hashes: Buffer;
}

/** A run that the log has made. */
interface Stored {
  readonly run: RunFile;
  readonly groups: readonly Written[];
}

class Harness {
  readonly #scratch = nodeDisk.openScratch(stored, '.run');
  readonly options: Parameters<typeof openDedupIndex>[0];
  readonly model: DedupRule;
  index: DedupIndex;
  written: Written[] = [];
  stored: Stored[] = [];
  spilled = 0;
  forgotten = 0;
  unloaded = 0;

  constructor(windowMs: number, memoryBytesMax: number, residentIdsMin: number) {
    this.options = {
      windowMs,
      memoryBytesMax,
      residentIdsMin,
      spillFolder: folder,
      hashKey: new Uint8Array(HASH_BYTES).fill(7),
    };
    this.model = new DedupRule(windowMs);
    this.index = openDedupIndex(this.options);
  }

  /** Admits a group, of which the last `failed` new records cannot be written. */
  admit(keys: readonly string[], at: number, failed: number): void {
    const { fresh, freshCount, hashes } = this.index.admit(keys, at);
    expect(fresh.length).toBe(keys.length);
    expect(fresh.reduce((sum, flag) => sum + flag, 0)).toBe(freshCount);
    expect(hashes.length).toBe(freshCount * HASH_BYTES);
    const undo: (() => void)[] = [];
    for (const [position, key] of keys.entries()) {
      const flag = fresh[position];
      if (flag === undefined || !this.model.allowed(key, at).includes(flag)) {
        const before = this.model.admitted.get(key);
        expect.fail(`${key}, admitted at ${before}, is ${flag ? 'new' : 'known'} at ${at}`);
      }
      if (flag === 0) continue;
      undo.push(this.model.admit(key, at));
    }
    const kept = Math.max(0, freshCount - failed);
    this.forgotten += freshCount - kept;
    this.index.forget(hashes.subarray(kept * HASH_BYTES), at);
    for (const undoOne of undo.slice(kept)) undoOne();
    this.written.push({ at, hashes: Buffer.from(hashes.subarray(0, kept * HASH_BYTES)) });
    this.spilled = Math.max(this.spilled, this.index.spilledIds);
  }

  /** What runs of the log take beyond the memory given, until others are let go of for it. */
  get storedBytes(): number {
    return this.stored.reduce((sum, { run }) => sum + run.memoryBytes, 0);
  }

  /** Makes a run of what is in none: of so many slices that leave together. */
  store(): void {
    const inRuns = new Set(this.stored.flatMap(({ groups }) => groups));
    const loose = this.written.filter((group) => !inRuns.has(group) && group.hashes.length > 0);
    const [first] = loose;
    if (first === undefined) return;
    const run = this.#attach(
      loose.filter((group) => this.#spanOf(group) === this.#spanOf(first)),
      [],
    );
    this.index.unload(run);
    this.unloaded += run.ids;
  }

  /** Makes one of two runs, though memory may have ids of theirs. */
  merge(): void {
    for (const [at, one] of this.stored.entries()) {
      const other = this.stored[at + 1];
      const groups = [...one.groups, ...(other?.groups ?? [])];
      if (other === undefined || new Set(groups.map((group) => this.#spanOf(group))).size > 1)
        continue;
      this.stored.splice(at, 2);
      this.#attach(groups, [one.run, other.run]);
      return;
    }
  }

  /** Does without a run, as if it could not be read. */
  giveUp(): void {
    const given = this.stored.shift();
    if (given === undefined) return;
    this.index.stopUnloading(given.run);
    for (const { hashes, at } of given.groups) this.index.load(hashes, at);
    this.index.detach(given.run);
  }

  /** What is in expired runs is of no use to anybody. */
  forgetExpired(now: number): void {
    const oldest = Math.floor(this.index.horizon(now) / this.index.sliceMs);
    this.stored = this.stored.filter(({ run }) => run.slices.newest >= oldest);
    this.written = this.written.filter(({ at }) => at >= this.index.horizon(now));
  }

  #attach(groups: readonly Written[], inPlaceOf: readonly RunFile[]): RunFile {
    const slices = groups.map(({ at }) => Math.floor(at / this.index.sliceMs));
    const run = runOf(Buffer.concat(groups.map(({ hashes }) => hashes)), this.#scratch, {
      oldest: Math.min(...slices),
      newest: Math.max(...slices),
    });
    this.index.attach(run, inPlaceOf);
    this.stored.push({ run, groups });
    return run;
  }

  #spanOf({ at }: Written): number {
    return Math.floor(Math.floor(at / this.index.sliceMs) / this.index.slicesPerRunMax);
  }

  /** As after a crash: a new index learns what was written, in the order given. */
  reopen(now: number, order: (groups: Written[]) => Written[]): void {
    this.index.close();
    this.index = openDedupIndex(this.options);
    const horizon = this.index.horizon(now);
    this.written = this.written.filter((group) => group.at >= horizon);
    this.stored = [];
    for (const { hashes, at } of order([...this.written])) this.index.load(hashes, at);
  }
}

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('admit' as const),
      /** In thousandths of a window; the clock steps back now and then. */
      passed: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 0, max: 130 }) },
        { weight: 3, arbitrary: fc.integer({ min: 0, max: 1_200 }) },
        { weight: 2, arbitrary: fc.integer({ min: -400, max: 0 }) },
        { weight: 1, arbitrary: fc.integer({ min: 1_200, max: 5_000 }) },
      ),
      keys: fc.integer({ min: 0, max: 400 }),
      seed: fc.nat(),
      failed: fc.oneof(fc.constant(0), fc.nat({ max: 60 })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('advance' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('store' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('merge' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('give up' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reopen' as const),
      order: fc.constantFrom('forward' as const, 'backward' as const),
    }),
  },
);

test('agrees with the rule through spills, runs of the log, forgets, clock steps and restarts', () => {
  let spilled = 0;
  let unloaded = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(1, 3, 8, 100, 86_400_000),
      fc.constantFrom(16_384, 24_000, 60_000, 1_000_000),
      fc.constantFrom(0, 200, 1_000, 1_000_000),
      fc.integer({ min: 50, max: 4_000 }),
      fc.array(step, { minLength: 20, maxLength: 60 }),
      (windowMs, memoryBytesMax, residentIdsMin, distinct, steps) => {
        const harness = new Harness(windowMs, memoryBytesMax, residentIdsMin);
        const start = 1_800_000_000_000;
        let now = start;
        let latest = start;
        for (const action of steps) {
          harness.forgetExpired(now);
          if (action.kind === 'advance') {
            harness.index.advance(now);
          } else if (action.kind === 'store') {
            harness.store();
          } else if (action.kind === 'merge') {
            harness.merge();
          } else if (action.kind === 'give up') {
            harness.giveUp();
          } else if (action.kind === 'reopen') {
            harness.reopen(now, (groups) =>
              action.order === 'forward' ? groups : groups.reverse(),
            );
          } else {
            now = Math.floor(now + (action.passed * windowMs) / 1_000);
            // All steps back together stay below a window.
            now = Math.max(now, latest - Math.ceil(windowMs / 2));
            latest = Math.max(latest, now);
            let random = action.seed;
            const keys = Array.from({ length: action.keys }, () => {
              random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
              return `key ${(random >>> 8) % distinct}`;
            });
            harness.admit(keys, now, action.failed);
          }
          expect(harness.index.memoryBytes).toBeLessThanOrEqual(
            memoryBytesMax + harness.forgotten * FORGOTTEN_BYTES + harness.storedBytes,
          );
        }
        spilled += harness.spilled;
        unloaded += harness.unloaded;
        harness.index.close();
      },
    ),
    { numRuns: 100 },
  );
  expect(spilled).toBeGreaterThan(10_000);
  expect(unloaded).toBeGreaterThan(10_000);
});

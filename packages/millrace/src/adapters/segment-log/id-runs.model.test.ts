import fc from 'fast-check';
import { expect, test } from 'vitest';
import { records } from '../../ports/log.suite.ts';
import type { Log } from '../../ports/log.ts';
import { DedupRule } from '../dedup-index/dedup-rule.suite.ts';
import { nodeDisk } from '../node-disk.ts';
import { TestLog } from './fixture.suite.ts';

type Step =
  | {
      readonly kind: 'append';
      readonly passed: number;
      readonly keys: number;
      readonly seed: number;
    }
  | { readonly kind: 'trim' | 'wait' | 'restart' | 'crash' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      /** In thousandths of a window; the clock steps back now and then. */
      passed: fc.oneof(
        { weight: 12, arbitrary: fc.integer({ min: 0, max: 70 }) },
        { weight: 2, arbitrary: fc.integer({ min: 0, max: 1_200 }) },
        { weight: 1, arbitrary: fc.integer({ min: -400, max: 0 }) },
        { weight: 1, arbitrary: fc.integer({ min: 1_200, max: 5_000 }) },
      ),
      keys: fc.integer({ min: 1, max: 60 }),
      seed: fc.nat(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('trim' as const) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
);

class Harness {
  readonly rule: DedupRule;
  its: TestLog;
  log: Log;
  runsMost = 0;
  refused = 0;

  constructor(its: TestLog, log: Log, windowMs: number) {
    this.its = its;
    this.log = log;
    this.rule = new DedupRule(windowMs);
  }

  /** Each by itself, so that its own answer is known. */
  async append(keys: readonly string[]): Promise<void> {
    const at = this.its.clock.ms;
    const receipts = keys.map((key) => this.log.append(records(key)).catch(() => undefined));
    for (const [index, receipt] of (await Promise.all(receipts)).entries()) {
      const key = keys[index] ?? '';
      if (receipt === undefined) {
        this.refused++;
        continue;
      }
      if (!this.rule.allowed(key, at).includes(receipt.appended)) {
        const before = this.rule.admitted.get(key);
        expect.fail(`${key}, of ${before}, is ${receipt.appended ? 'new' : 'known'} at ${at}`);
      }
      if (receipt.appended === 1) this.rule.admit(key, at);
    }
  }

  /** Until no more runs are made. */
  async wait(): Promise<void> {
    let last = '';
    for (let same = 0; same < 20; ) {
      // As slow as what is waited for.
      const names = (await nodeDisk.list(this.its.folder)).filter((name) => name.includes('.run'));
      const now = names.toSorted().join();
      same = now === last && !now.includes('.tmp') ? same + 1 : 0;
      last = now;
    }
    this.runsMost = Math.max(this.runsMost, this.its.names('.run').length);
  }
}

test('the log agrees with the rule through runs, restarts, crashes and failing reads', async () => {
  let runs = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(8, 1_000, 86_400_000),
      fc.constantFrom(16_384, 2 ** 20),
      fc.constantFrom(0, 60, 200),
      fc.constantFrom(1, 5, 20),
      fc.constantFrom(300, 1_000),
      fc.constantFrom(0, 0, 5, 40),
      fc.array(step, { minLength: 15, maxLength: 50 }),
      async (
        windowMs,
        dedupMemoryBytesMax,
        residentIdsMin,
        idsPerRunMin,
        segmentBytes,
        percent,
        steps,
      ) => {
        const options = {
          windowMs,
          dedupMemoryBytesMax,
          residentIdsMin,
          idsPerRunMin,
          segmentBytes,
        };
        const opened: TestLog[] = [];
        const begin = (its: TestLog): TestLog => {
          opened.push(its);
          let calls = 0;
          // A start that cannot clear away what is unfinished is no start.
          its.disk.fails = ({ name, file }) =>
            file.includes('.run') &&
            name !== 'unlink' &&
            Math.imul(calls++, 0x9e3779b1) >>> 0 < percent * 2 ** 25;
          return its;
        };
        const its = begin(new TestLog(options));
        const harness = new Harness(its, await its.open(), windowMs);
        let latest = its.clock.ms;
        try {
          for (const action of steps) {
            if (action.kind === 'append') {
              const { clock } = harness.its;
              // All steps back together stay below a window.
              const now = Math.floor(clock.ms + (action.passed * windowMs) / 1_000);
              clock.ms = Math.max(now, latest - Math.ceil(windowMs / 2));
              latest = Math.max(latest, clock.ms);
              const keys = Array.from(
                { length: action.keys },
                (_, index) => `key ${(Math.imul(action.seed + index, 0x85ebca6b) >>> 8) % 500}`,
              );
              await harness.append(keys);
            } else if (action.kind === 'trim') {
              await harness.log.trim(harness.log.end).catch(() => {});
            } else if (action.kind === 'wait') {
              await harness.wait();
            } else if (action.kind === 'restart') {
              await harness.log.close();
              harness.log = await harness.its.open();
            } else {
              harness.its = begin(harness.its.crashed(options));
              harness.log = await harness.its.open();
            }
          }
          await harness.wait();
          await harness.append([...harness.rule.admitted.keys()]);
          runs += harness.runsMost;
          refused += harness.refused;
        } finally {
          for (const each of opened) await each.remove();
        }
      },
    ),
    // To make a counterexample smaller would take longer than the test may.
    { numRuns: 40, endOnFailure: true },
  );
  expect(runs).toBeGreaterThan(50);
  expect(refused).toBeGreaterThan(0);
}, 600_000);

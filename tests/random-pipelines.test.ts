import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCollector } from '../packages/millrace/src/collect/collector.ts';
import { MemoryLog } from '../packages/millrace/src/collect/memory-log.suite.ts';
import { nativeBatch } from '../packages/millrace/src/collect/native.ts';
import { readJson } from '../packages/millrace/src/collect/read-json.ts';
import {
  openTestStore,
  type TestStore,
} from '../packages/millrace/src/compile/clickhouse/test-store.suite.ts';
import { insertWindowResults } from '../packages/millrace/src/compile/clickhouse/window-table.ts';
import { planOf } from '../packages/millrace/src/plan/plan-of.ts';
import { expectRows, expectWindowRows } from './support/conformance/expect-rows.ts';
import {
  definitionOf,
  pipelines,
  windowedPipelines,
} from './support/conformance/random-pipeline.ts';
import { crowded, inBatches, sendingsTo, streamOf } from './support/conformance/random-stream.ts';
import type { CountedEvent } from './support/conformance/recompute.ts';
import { testSeed } from './support/random.ts';

const seed = testSeed();
/** `npm run test:long` asks for more. */
const numRuns = Number(process.env.MILLRACE_TEST_CASES ?? 30);
const startMs = Date.UTC(2026, 4, 1, 12);
const cases = pipelines.chain((pipeline) =>
  sendingsTo(pipeline).map((sendings) => ({
    pipeline,
    stream: streamOf(pipeline, sendings, startMs),
  })),
);
const windowedCases = windowedPipelines.chain((pipeline) =>
  sendingsTo(pipeline).map((sendings) => ({
    pipeline,
    counted: crowded(streamOf(pipeline, sendings, startMs).counted, startMs),
  })),
);
const received = { received_at: startMs, appended_at: startMs };

const timeout = 240_000 + numRuns * 5_000;

describe(`random pipelines and streams (seed ${seed})`, { timeout }, () => {
  test('the log gets what counts, as it counts, and the rest is refused', async () => {
    const property = fc.asyncProperty(cases, async ({ pipeline, stream }) => {
      const log = new MemoryLog();
      const collector = createCollector({
        plan: planOf(definitionOf(pipeline)),
        log,
        deadLetters: new MemoryLog(),
        clock: { now: () => startMs },
      });
      const refused = [];
      for (const batch of inBatches(stream.items)) {
        const json = readJson(Buffer.from(JSON.stringify({ batch })), false, collector.limits);
        const { rejected } = await collector.collect(nativeBatch(json));
        refused.push(...rejected.map(({ code }) => code));
      }
      expect(refused).toEqual(stream.refused);
      // Of equal ids the first counts: that is told behind this log.
      const firsts = new Map(log.values.toReversed().map((value) => [value.event_id, value]));
      expect(firsts.size).toBe(stream.counted.length);
      expect(stream.counted.map(({ event_id }) => firsts.get(event_id))).toEqual(
        stream.counted.map(asInLog),
      );
    });
    await fc.assert(property, { seed, numRuns: 4 * numRuns });
  });

  describe('over a store', () => {
    let store: TestStore;
    beforeAll(async () => {
      store = await openTestStore();
    });
    afterAll(() => store.close());

    test('each rollup is what a recomputation gives', async () => {
      let tried = 0;
      const property = fc.asyncProperty(cases, async ({ pipeline, stream: { counted } }) => {
        const database = `case_${tried++}`;
        await store.make(planOf(definitionOf(pipeline)), database);
        const events = counted.map((event) => ({ ...event, ...received }));
        if (events.length > 0) await store.insert(database, events, 'all');
        for (const rollup of pipeline.rollups) {
          const rows = await store.rows(`SELECT * FROM ${database}.${rollup.name}`);
          expectRows(rollup, pipeline, rows, counted);
        }
        await store.store.define(`DROP DATABASE ${database}`);
      });
      await fc.assert(property, { seed, numRuns });
    });

    test('each window is what a recomputation gives', async () => {
      let tried = 0;
      const property = fc.asyncProperty(windowedCases, async ({ pipeline, counted }) => {
        const database = `windows_${tried++}`;
        const plan = planOf(definitionOf(pipeline));
        await store.make(plan, database);
        const events = counted.map((event) => ({ ...event, ...received }));
        if (events.length > 0) await store.insert(database, events, 'all');
        const hourMs = 3_600_000;
        const range = { fromMs: startMs - hourMs, toMs: startMs + 2 * hourMs, emittedAtMs: 0 };
        for (const window of plan.windows)
          await store.store.insertComputed({
            statement: insertWindowResults(window, range, { database }),
            token: window.table,
          });
        for (const window of pipeline.windows) {
          const rows = await store.rows(`SELECT * FROM ${database}.${window.name}`);
          expectWindowRows(window, pipeline, rows, counted);
        }
        await store.store.define(`DROP DATABASE ${database}`);
      });
      await fc.assert(property, { seed, numRuns: Math.ceil(numRuns / 2) });
    });
  });
});

const asInLog = ({ properties, ...event }: CountedEvent) => ({
  ...event,
  ...(Object.keys(properties).length > 0 ? { properties } : {}),
  ...received,
});

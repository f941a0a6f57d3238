import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectRows } from './support/conformance/expect-rows.ts';
import { pipelines } from './support/conformance/random-pipeline.ts';
import { inBatches, sendingsTo, streamOf } from './support/conformance/random-stream.ts';
import { realFiles } from './support/conformance/real-files.ts';
import type { CountedEvent, PipelineText } from './support/conformance/recompute.ts';
import { exactRows, MillraceProcess, settled } from './support/millrace-process.ts';
import { testSeed } from './support/random.ts';

const seed = testSeed();
/** The first of each file. */
const fileRows = 10_000;
const requestEvents = 500;
const givenConfig = fileURLToPath(
  new URL('./support/conformance/given.config.ts', import.meta.url),
);
const cases = pipelines.chain((pipeline) =>
  sendingsTo(pipeline).map((sendings) => ({ pipeline, sendings })),
);

describe(`what a process answers is what a recomputation gives (seed ${seed})`, () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-recomputation-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('of a random stream through a random pipeline', async () => {
    let tried = 0;
    const property = fc.asyncProperty(cases, async ({ pipeline, sendings }) => {
      const file = join(folder, `${tried}.json`);
      writeFileSync(file, JSON.stringify(pipeline));
      const millrace = new MillraceProcess({
        pipeline: givenConfig,
        data: join(folder, `${tried++}`),
        env: { MILLRACE_TEST_PIPELINE: file },
      });
      try {
        const url = await millrace.url();
        const { items, counted, refused } = streamOf(pipeline, sendings, Date.now());
        for (const batch of inBatches(items)) await post(url, batch);
        await expectAnswers(url, pipeline, counted);
        // They are stored by a loader of their own.
        const codes = async () =>
          (await exactRows(url, 'SELECT code FROM dead_letters')).map(({ code }) => code).sort();
        await expect.poll(codes).toEqual(refused.toSorted());
      } finally {
        await millrace.stop();
      }
    });
    await fc.assert(property, { seed, numRuns: 3 });
  });

  test.for(realFiles)('of the rows of $name', async ({ config, definition, events }) => {
    const millrace = new MillraceProcess({
      pipeline: fileURLToPath(new URL(`../examples/${config}`, import.meta.url)),
      data: join(folder, 'data'),
    });
    try {
      const url = await millrace.url();
      const sent = events(fileRows);
      for (let at = 0; at < sent.length; at += requestEvents) {
        const batch = sent.slice(at, at + requestEvents);
        await post(
          url,
          batch.map(({ late, ...event }) => event),
        );
      }
      // Of equal rows the first counts.
      const counted = new Map(sent.toReversed().map((event) => [event.event_id, event]));
      await expectAnswers(url, definition, [...counted.values()]);
    } finally {
      await millrace.stop();
    }
  });
});

async function expectAnswers(
  url: string,
  definition: PipelineText,
  counted: readonly CountedEvent[],
): Promise<void> {
  await settled(url);
  const kept = await exactRows(url, 'SELECT event_id, late FROM events');
  expect(new Map(kept.map(({ event_id, late }) => [event_id, late]))).toEqual(
    new Map(counted.map(({ event_id, late }) => [event_id, late])),
  );
  expect(kept.length).toBe(counted.length);
  for (const rollup of definition.rollups ?? []) {
    const rows = await exactRows(url, `SELECT * FROM ${rollup.name}`);
    expectRows(rollup, definition, rows, counted);
  }
}

async function post(url: string, batch: readonly unknown[]): Promise<void> {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ batch }),
  });
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runImport } from './support/import-process.ts';
import { MillraceProcess, rows, settled } from './support/millrace-process.ts';
import { sharedData } from './support/shared-data.ts';

const pipeline = 'eshop-clickstream/millrace.config.ts';
const order = {
  file: sharedData('eshop_clickstream_2008.csv.gz'),
  pipeline,
  mapping: 'eshop-clickstream/import.ts',
};

let data: string;
let millrace: MillraceProcess;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'millrace-import-test-'));
  millrace = new MillraceProcess({
    pipeline: fileURLToPath(new URL(`../examples/${pipeline}`, import.meta.url)),
    data,
  });
});
afterEach(async () => {
  await millrace.stop();
  rmSync(data, { recursive: true, force: true });
});

test('rows go to the pipeline that runs, each once though the import is interrupted', {
  timeout: 300_000,
}, async () => {
  const url = await millrace.url();
  const interrupted = await runImport({
    ...order,
    data,
    interruptWhen: (progress) => / rows/.test(progress),
  });
  expect(interrupted.stdout).toMatch(/Run the same command again to go on from there/);
  expect(interrupted.code).toBe(130);
  const resumed = await runImport({ ...order, data });
  expect(resumed.stdout).toMatch(/Went on after row [1-9].* events new, 0 duplicates, 0 refused/s);
  const again = await runImport({ ...order, data });
  expect(again.stdout).toMatch(/imported before, all 165,474 rows/);

  await settled(url);
  expect(
    await rows(
      url,
      `SELECT count() AS events, uniqExact(session_id) AS sessions,
         uniqExact(properties.product) AS products, uniqExact(properties.country) AS countries,
         uniqExact(toDate(timestamp)) AS dates, toString(min(toDate(timestamp))) AS first,
         toString(max(toDate(timestamp))) AS last, countIf(late) AS late,
         (SELECT sum(clicks) FROM clicks_per_day) AS rolled_up
       FROM events`,
    ),
  ).toEqual([
    {
      events: '165474',
      sessions: '24026',
      products: '217',
      countries: '47',
      dates: '135',
      first: '2008-04-01',
      last: '2008-08-13',
      late: '0',
      rolled_up: '165474',
    },
  ]);
  expect(
    await rows(
      url,
      `WITH sessions AS (
         SELECT session_id, max(properties.page) AS deepest, count() AS clicks,
           groupUniqArray(properties.page) AS pages
         FROM events GROUP BY session_id)
       SELECT countIf(clicks = 1) AS single,
         [countIf(deepest >= 1), countIf(deepest >= 2), countIf(deepest >= 3), countIf(deepest >= 4), countIf(deepest >= 5)] AS reached,
         [countIf(has(pages, 1)), countIf(has(pages, 2)), countIf(has(pages, 3)), countIf(has(pages, 4)), countIf(has(pages, 5))] AS clicked
       FROM sessions`,
    ),
  ).toEqual([
    {
      single: '5042',
      reached: ['24026', '14504', '9125', '4779', '1631'],
      clicked: ['21127', '12147', '7658', '4196', '1631'],
    },
  ]);

  const click = (page: number) => ({ from: 'click', where: { page } });
  const within = { kind: 'funnel', per: 'session_id', within: '1d' };
  const clicked = [21127, 12147, 7658, 4196, 1631];
  for (const [at, sessions] of clicked.entries())
    expect(await answer(url, { ...within, steps: [click(at + 1), click(at + 1)] })).toMatchObject([
      { step: 1, people: String(sessions) },
      { step: 2 },
    ]);
  expect(await answer(url, { ...within, steps: [1, 2, 3].map(click) })).toMatchObject([
    { step: 1, people: '21127' },
    { step: 2, people: '9035' },
    { step: 3, people: '4327' },
  ]);
  expect(await answer(url, { kind: 'sessions', per: 'session_id', gap: '1d' })).toMatchObject([
    { sessions: '24026', events: '165474', bounce_rate: 5042 / 24026 },
  ]);
});

async function answer(url: string, question: object): Promise<readonly unknown[]> {
  const response = await fetch(`${url}/v1/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
  });
  const { rows: found }: { rows: readonly unknown[] } = JSON.parse(await response.text());
  return found;
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { count, createClient, max, sum } from 'millrace/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../tools/stack/ports.ts';
import { MillraceProcess } from './support/millrace-process.ts';
import type asked from './support/query.config.ts';
import { runCommand } from './support/run-command.ts';

const pipeline = fileURLToPath(new URL('./support/query.config.ts', import.meta.url));
const readKey = 'r-key';

let data: string;
let millrace: MillraceProcess;
let url: string;
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'millrace-query-'));
  const env = { MILLRACE_READ_KEYS: readKey };
  millrace = new MillraceProcess({ pipeline, data, env });
  url = await millrace.url();
  const purchase = (event_id: string, timestamp: string, value: string, currency: string) => ({
    event_id,
    type: 'purchase',
    timestamp,
    user_id: event_id === 'd' ? 'other' : 'buyer',
    properties: { value, currency },
  });
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([
      purchase('a', '2026-11-01T00:10:00Z', '1.10', 'EUR'),
      purchase('b', '2026-11-01T00:50:00Z', '2.20', 'EUR'),
      purchase('c', '2026-11-01T02:30:00Z', '4.00', 'GBP'),
      purchase('d', '2026-11-01T23:30:00Z', '8.00', 'EUR'),
    ]),
  });
  expect(response.status).toBe(200);
  await waitUntilStored();
});
afterAll(async () => {
  await millrace.stop();
  rmSync(data, { recursive: true, force: true });
});

async function waitUntilStored(): Promise<void> {
  for (;;) {
    const { answer } = await ask({ from: 'purchase', measures: { orders: { kind: 'count' } } });
    if (JSON.stringify(answer).includes('"orders":"4"')) return;
  }
}

async function ask(question: object | string, key: string | null = readKey) {
  const response = await fetch(`${url}/v1/query`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: typeof question === 'string' ? question : JSON.stringify(question),
  });
  const answer: unknown = await response.json();
  return { status: response.status, answer };
}

const revenue = {
  from: 'purchase',
  measures: { orders: { kind: 'count' }, revenue: { kind: 'sum', field: 'value' } },
};

describe('POST /v1/query', () => {
  test('answers from a rollup where one answers exactly, else from the events', async () => {
    const before = Date.now();
    const { status, answer } = await ask({ ...revenue, by: ['currency'], every: 'day' });
    expect(status).toBe(200);
    expect(answer).toEqual({
      columns: [
        { name: 'bucket', type: 'timestamp' },
        { name: 'currency', type: 'enum' },
        { name: 'orders', type: 'int64' },
        { name: 'revenue', type: 'decimal' },
      ],
      rows: [
        { bucket: '2026-11-01T00:00:00Z', currency: 'EUR', orders: '3', revenue: '11.30' },
        { bucket: '2026-11-01T00:00:00Z', currency: 'GBP', orders: '1', revenue: '4.00' },
      ],
      truncated: false,
      served_by: 'by_hour',
      kept_since: null,
      as_of: expect.stringMatching(/^\d{4}-.*Z$/),
      cached: false,
      rows_read: expect.any(Number),
      elapsed_ms: expect.any(Number),
    });
    expect(Math.abs(Date.parse(Object(answer).as_of) - before)).toBeLessThan(60_000);
    expect((await ask({ ...revenue, since: '2026-11-01T00:30:00Z' })).answer).toMatchObject({
      served_by: 'events',
      rows: [{ orders: '3', revenue: '14.20' }],
    });
  });

  test('answers many more who ask at once than it asks its store for', async () => {
    // Not so many that a busy machine is not through with them while the last may wait.
    const asked = Array.from({ length: 50 }, (_, n) => ask({ ...revenue, limit: n + 1 }));
    const sought = Array.from({ length: 20 }, async (_, n) => {
      const query = new URLSearchParams({ by: 'event_id', value: 'a', limit: String(n + 1) });
      const headers = { authorization: `Bearer ${readKey}` };
      const response = await fetch(`${url}/v1/events?${query}`, { headers });
      return { status: response.status, answer: await response.json() };
    });
    for (const one of await Promise.all(asked)) {
      expect(one).toMatchObject({ status: 200, answer: { rows: [{ orders: '4' }] } });
    }
    for (const one of await Promise.all(sought)) {
      expect(one).toMatchObject({ status: 200, answer: { events: [{ event_id: 'a' }] } });
    }
  });

  test('cuts days by the calendar of a time zone', async () => {
    const { answer } = await ask({ ...revenue, every: 'day', zone: 'Europe/Berlin' });
    expect(answer).toMatchObject({
      rows: [
        { bucket: '2026-10-31T23:00:00Z', orders: '3' },
        { bucket: '2026-11-01T23:00:00Z', orders: '1' },
      ],
    });
  });

  test('orders, cuts, and says so', async () => {
    const { answer } = await ask({
      ...revenue,
      every: 'hour',
      order: { revenue: 'desc' },
      limit: 2,
    });
    expect(answer).toMatchObject({
      rows: [{ revenue: '8.00' }, { revenue: '4.00' }],
      truncated: true,
    });
  });

  test('folds all other groups into a row, compares with the period before, and explains', async () => {
    const { answer } = await ask({
      ...revenue,
      by: ['currency'],
      since: '2026-11-01T01:00:00Z',
      until: '2026-11-02T01:00:00Z',
      limit: 1,
      other: true,
      compare: 'previous',
      explain: true,
    });
    expect(answer).toMatchObject({
      rows: [
        {
          other: false,
          currency: 'EUR',
          orders: '1',
          orders_previous: '2',
          revenue: '8.00',
          revenue_previous: '3.30',
        },
        {
          other: true,
          currency: null,
          orders: '1',
          orders_previous: '0',
          revenue: '4.00',
          revenue_previous: '0.00',
        },
      ],
      served_by: 'by_hour',
      explanation: {
        bytes_read: expect.any(Number),
        tables: [
          { name: 'events', served: false, why: expect.stringContaining('by_hour') },
          { name: 'by_hour', served: true, why: expect.any(String) },
        ],
      },
    });

    const { explanation }: { explanation: { events_sql: string } } = JSON.parse(
      JSON.stringify(answer),
    );
    const response = await fetch(`${url}/sql?default_format=JSONCompactEachRow`, {
      method: 'POST',
      headers: { authorization: `Bearer ${readKey}` },
      body: explanation.events_sql,
    });
    const lines = (await response.text()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      [false, 'EUR', 1, 2, 8, 3.3],
      [true, null, 1, 0, 4, 0],
    ]);
  });

  test('follows people through steps', async () => {
    const { answer } = await ask({
      kind: 'funnel',
      steps: [
        { from: 'purchase', where: { currency: 'EUR' } },
        { from: 'purchase', where: { currency: 'GBP' } },
      ],
      within: '2h',
      explain: true,
    });
    expect(answer).toMatchObject({
      columns: [
        { name: 'step', type: 'int32' },
        { name: 'event', type: 'string' },
        { name: 'people', type: 'int64' },
        { name: 'conversion', type: 'float64' },
        { name: 'step_conversion', type: 'float64' },
        { name: 'duration_ms', type: 'array' },
      ],
      rows: [
        { step: 1, event: 'purchase', people: '2', conversion: 1, duration_ms: [0] },
        { step: 2, event: 'purchase', people: '1', conversion: 0.5, duration_ms: [6_000_000] },
      ],
      served_by: 'events',
      explanation: { tables: [{ name: 'events', served: true }] },
    });
  });

  test('tells who comes back, what people do at a time, and what happens now', async () => {
    const retention = await ask({ kind: 'retention', every: 'day', periods: 1 });
    const cohort = { cohort: '2026-11-01T00:00:00Z', people: '2' };
    expect(retention.answer).toMatchObject({
      rows: [{ ...cohort, period: 0, returned: '1', share: 0.5 }],
    });
    const sessions = await ask({ kind: 'sessions', gap: '1h', exit: ['currency'] });
    const mean = { events_per_session: 1, bounce_rate: 1, mean_duration_ms: 0 };
    expect(sessions.answer).toMatchObject({
      rows: [
        { exit_currency: 'EUR', sessions: '2', people: '2', events: '3', bounce_rate: 0.5 },
        { exit_currency: 'GBP', sessions: '1', people: '1', ...mean, duration_ms: [0] },
      ],
    });
    const live = await ask({ kind: 'live', minutes: 2 });
    const nothing = { events: '0', people: '0' };
    expect(live.answer).toMatchObject({
      rows: [
        { ...nothing, bucket: null },
        { ...nothing, bucket: expect.stringMatching(/:00\.000Z$/) },
        nothing,
      ],
    });
  });

  test('fills gaps on request, for each group that has a row', async () => {
    const { answer } = await ask({
      ...revenue,
      by: ['currency'],
      every: 'hour',
      since: '2026-11-01T00:00:00Z',
      until: '2026-11-01T03:00:00Z',
      fill: true,
      explain: true,
    });
    const row = (hour: number, currency: string, orders: string, sum: string) => ({
      bucket: `2026-11-01T0${hour}:00:00Z`,
      currency,
      orders,
      revenue: sum,
    });
    expect(answer).toMatchObject({
      rows: [
        row(0, 'EUR', '2', '3.30'),
        row(0, 'GBP', '0', '0.00'),
        row(1, 'EUR', '0', '0.00'),
        row(1, 'GBP', '0', '0.00'),
        row(2, 'EUR', '0', '0.00'),
        row(2, 'GBP', '1', '4.00'),
      ],
      served_by: 'by_hour',
      explanation: { rows_filled: 4 },
    });
  });

  test('says what is wrong with a question, and where', async () => {
    const { status, answer } = await ask({ ...revenue, by: ['curency'] });
    expect(status).toBe(400);
    expect(answer).toEqual({
      error: {
        code: 'question_invalid',
        message: 'by[0]: No event of this question has "curency". Did you mean "currency"?',
        mend: expect.any(String),
      },
    });
    expect((await ask('{"from":')).answer).toMatchObject({ error: { code: 'question_invalid' } });
    expect((await ask({ from: 'x'.repeat(300_000) })).status).toBe(413);
  });

  test('is for readers alone', async () => {
    expect((await ask(revenue, null)).status).toBe(401);
    expect((await ask(revenue, 'w-key')).status).toBe(401);
  });
});

describe('the client', () => {
  test('asks with the types of the pipeline, and gives values of them', async () => {
    const client = createClient<typeof asked>({ url, readKey });
    const { rows, servedBy, truncated, asOf } = await client.query({
      from: 'purchase',
      every: 'day',
      by: ['currency'],
      where: { currency: 'EUR' },
      measures: { orders: count(), revenue: sum('value'), last: max('timestamp') },
      since: new Date('2026-11-01'),
    });
    const first = '2026-11-01T23:30:00.000Z';
    expect(rows).toEqual([
      {
        bucket: new Date('2026-11-01'),
        currency: 'EUR',
        orders: 3n,
        revenue: '11.30',
        last: new Date(first),
      },
    ]);
    expect({ servedBy, truncated }).toEqual({ servedBy: 'events', truncated: false });
    expect(asOf?.getTime()).toBeGreaterThan(Date.parse(first));
  });

  test('asks how far people go', async () => {
    const client = createClient<typeof asked>({ url, readKey });
    const { rows } = await client.funnel({
      steps: [{ from: 'purchase' }, { from: 'purchase', where: { currency: 'GBP' } }],
      within: '140m',
      by: ['currency'],
    });
    const funnel = { currency: 'EUR', event: 'purchase', conversion: 1, step_conversion: 1 };
    expect(rows).toEqual([
      { ...funnel, step: 1, people: 2n, duration_ms: [0] },
      {
        ...funnel,
        step: 2,
        people: 1n,
        conversion: 0.5,
        step_conversion: 0.5,
        duration_ms: [8_400_000],
      },
    ]);
  });

  test('asks who comes back, what people do at a time, and what happens now', async () => {
    const client = createClient<typeof asked>({ url, readKey });
    const back = {
      first: { from: 'purchase' },
      return: { where: { value: { gt: '3' } } },
    } as const;
    const { rows: retained } = await client.retention({ ...back, every: 'month', periods: 3 });
    const cohort = new Date('2026-11-01');
    expect(retained).toEqual([{ cohort, people: 2n, period: 0, returned: 1n, share: 0.5 }]);
    const { rows: sessions } = await client.sessions({ every: 'day', levels: [0.5] });
    expect(sessions).toMatchObject([{ bucket: cohort, sessions: 4n, people: 2n, events: 4n }]);
    const { rows: live } = await client.live({ minutes: 1 });
    expect(live).toMatchObject([
      { bucket: null, events: 0n, people: 0n },
      { bucket: expect.any(Date), events: 0n, people: 0n },
    ]);
  });

  test('throws what the server answers, and what stands in its way', async () => {
    const orders = { from: 'purchase', measures: { orders: count() } } as const;
    const client = createClient<typeof asked>({ url, readKey });
    await expect(client.query({ ...orders, zone: 'Mars/Olympus' })).rejects.toMatchObject({
      code: 'question_invalid',
      message: expect.stringContaining('Mars/Olympus'),
    });
    const stranger = createClient<typeof asked>({ url, readKey: 'wrong' });
    await expect(stranger.query(orders)).rejects.toMatchObject({ code: 'unauthorized' });
    const nowhere = createClient<typeof asked>({ url: `http://127.0.0.1:${await freePort()}` });
    await expect(nowhere.query(orders)).rejects.toMatchObject({ code: 'not_running' });
    const stopped = client.query(orders, { signal: AbortSignal.abort(new Error('stopped')) });
    await expect(stopped).rejects.toThrow('stopped');
  });
});

describe('millrace query', () => {
  const run = (...args: readonly string[]) => {
    const { port } = new URL(url);
    return runCommand(['query', '--port', port, '--read-keys', readKey, ...args]);
  };

  test('prints a table', async () => {
    const { output, code } = await run(
      'purchase',
      ...['--measure', 'orders=count', '--measure', 'revenue=sum:value'],
      ...['--by', 'currency', '--every', 'day'],
    );
    expect(output).toBe(
      [
        'bucket                currency  orders  revenue',
        '2026-11-01T00:00:00Z  EUR            3    11.30',
        '2026-11-01T00:00:00Z  GBP            1     4.00',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  test('prints how the answer came about', async () => {
    const { output, errors } = await run(
      ...['purchase', '--measure', 'orders=count', '--by', 'currency', '--limit', '1', '--other'],
      ...['--since', '2026-11-01', '--until', '2026-11-02T00:00:00Z', '--compare', '--explain'],
    );
    expect(output).toBe(
      [
        'other  currency  orders  orders_previous',
        'false  EUR            3                0',
        'true                  1                0',
        '',
      ].join('\n'),
    );
    expect(errors).toContain('* by_hour: It is the coarsest that gives the same answer.');
  });

  test('prints the interval of each measure of a sample, and what was read', async () => {
    const { output, errors } = await run(
      ...['purchase', '--measure', 'orders=count', '--sample', 'auto'],
      ...['--since', '2026-11-01', '--until', '2026-11-02T00:00:00Z'],
    );
    expect(output).toBe(
      ['orders  orders_low  orders_high', '     4           4            4', ''].join('\n'),
    );
    expect(errors).toContain('All was read: it is exact.');
  });

  test('prints a funnel', async () => {
    const { output } = await run(
      ...['purchase,purchase', '--kind', 'funnel', '--within', '1h', '--per', 'user_id'],
    );
    expect(output).toBe(
      [
        'step  event     people  conversion  step_conversion  duration_ms',
        '   1  purchase       2           1                1            0',
        '   2  purchase       1         0.5              0.5      2400000',
        '',
      ].join('\n'),
    );
  });

  test('prints who comes back, what people do at a time, and what happens now', async () => {
    const back = await run('purchase,purchase', '--kind', 'retention', '--every', 'day');
    expect(back.output).toMatch(/^2026-11-01T00:00:00Z +2 +0 +1 +0\.5$/m);
    const sessions = await run('--kind', 'sessions', '--gap', '1h', '--entry', 'currency');
    expect(sessions.output).toMatch(/^EUR +2 +2 +3 +1\.5 +0\.5 /m);
    const live = await run('--kind', 'live', '--minutes', '1');
    expect(live.output.split('\n')).toHaveLength(4);
  });

  test('prints a line of sparks for each group and measure', async () => {
    const { output } = await run(
      'purchase',
      ...['--measure', 'orders=count', '--by', 'currency', '--every', 'hour', '--spark'],
      ...['--since', '2026-11-01', '--until', '2026-11-01T04:00:00Z'],
    );
    expect(output).toBe('EUR    orders   █▁▁▁  0 to 2\nGBP    orders   ▁▁█▁  0 to 1\n');
  });

  test('takes a whole question as JSON, and answers in it', async () => {
    const { output } = await run('--json', JSON.stringify(revenue));
    expect(JSON.parse(output)).toMatchObject({ rows: [{ orders: '4', revenue: '15.30' }] });
  });

  test('explains a mistake', async () => {
    const { code, errors } = await run('purchase', '--measure', 'revenue=sum:valu');
    expect(code).toBe(1);
    expect(errors).toContain('Did you mean "value"?');
    expect(errors).toContain('(question_invalid)');
    expect((await run('purchase', '--measure', 'sum(value)')).errors).toContain('name=kind:field');
  });
});

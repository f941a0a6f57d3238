import { createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MillraceProcess } from './support/millrace-process.ts';
import { Receiver } from './support/receiver.ts';

const pipeline = fileURLToPath(new URL('./support/alerts.config.ts', import.meta.url));
const secret = 'a long and random text';

let data: string;
let receiver: Receiver;
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'millrace-alerts-'));
  receiver = await Receiver.open();
});
afterEach(() => {
  receiver.close();
  rmSync(data, { recursive: true, force: true });
});

const start = () =>
  new MillraceProcess({
    pipeline,
    data,
    env: { TEST_WEBHOOK: receiver.url, MILLRACE_WEBHOOK_SECRET: secret },
  });

async function send(url: string, user_id: string, price: string): Promise<void> {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'view', user_id, properties: { price } }),
  });
  expect(response.status).toBe(200);
}

const resultOf = (body: string) => JSON.parse(body).result;

test('an alert is sent again under its id until it is taken, signed, and to nobody else', async () => {
  const process = start();
  const url = await process.url();
  receiver.answers.push(500, 307);
  await send(url, 'poor', '99.99');
  await send(url, 'rich', '100.01');
  const calls = [...(await receiver.calls(3))];
  expect(new Set(calls.map(({ headers }) => headers['millrace-id'])).size).toBe(1);
  for (const { headers, body } of calls) {
    expect(JSON.parse(body)).toMatchObject({
      id: headers['millrace-id'],
      alert: 'dear',
      window: 'by_second',
      result: { user_id: 'rich', views: '1', amount: '100.01' },
    });
    const [, seconds, given] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['millrace-signature'])) ?? [];
    const signed = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    expect(given).toBe(signed);
    expect(Math.abs(Date.now() / 1_000 - Number(seconds))).toBeLessThan(60);
  }
  // It was taken, so the next one is another.
  await send(url, 'next', '200.00');
  const next = (await receiver.calls(4))[3];
  expect(resultOf(next?.body ?? '')).toMatchObject({ user_id: 'next' });
  expect(next?.headers['millrace-id']).not.toBe(calls[0]?.headers['millrace-id']);
  expect((await process.stop()).code).toBe(0);
  expect(process.errors).toContain('the alert dear is not delivered: the webhook answered 500');
  expect(process.errors + process.output + textOf(data)).not.toContain(secret);
});

test('the status says which calls wait, and why', async () => {
  const process = start();
  const url = await process.url();
  const alerts = async () => JSON.parse(await (await fetch(`${url}/v1/status`)).text()).alerts;
  const dear = { name: 'dear', window: 'by_second' };
  const patience = { timeout: 60_000 };
  await expect.poll(alerts, patience).toEqual([{ ...dear, pending_calls: 0, last_failure: null }]);
  receiver.answers.push(...Array.from({ length: 1_000 }, () => 500));
  await send(url, 'first', '101.00');
  await send(url, 'poor', '1.00');
  await receiver.calls(1);
  await send(url, 'second', '102.00');
  const at = expect.stringMatching(/^\d{4}-.*Z$/);
  const last_failure = { at, message: 'the webhook answered 500' };
  await expect.poll(alerts, patience).toEqual([{ ...dear, pending_calls: 2, last_failure }]);
  receiver.answers.length = 0;
  await expect.poll(alerts, patience).toEqual([{ ...dear, pending_calls: 0, last_failure }]);
  expect((await process.stop()).code).toBe(0);
});

test('an alert survives kill -9 while it is sent, and what was taken is not sent again', async () => {
  const first = start();
  const url = await first.url();
  receiver.answers.push(204, null);
  await send(url, 'taken', '101.00');
  await receiver.calls(1);
  await send(url, 'cut', '102.00');
  const [, cut] = await receiver.calls(2);
  first.kill('SIGKILL');
  await first.exited;

  const second = start();
  await second.url();
  const [, , again] = await receiver.calls(3);
  expect(again?.headers['millrace-id']).toBe(cut?.headers['millrace-id']);
  expect(again?.body).toBe(cut?.body);
  await send(await second.url(), 'later', '103.00');
  const calls = await receiver.calls(4);
  expect(calls.map(({ body }) => resultOf(body).user_id)).toEqual(['taken', 'cut', 'cut', 'later']);
  expect((await second.stop()).code).toBe(0);
});

test('alerts without a secret are refused at the start', async () => {
  const process = new MillraceProcess({ pipeline, data });
  expect((await process.exited).code).toBe(1);
  expect(process.errors).toContain('webhook_secret_required');
});

/** All small files of a folder, as one text. */
function textOf(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size < 1_000_000)
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
}

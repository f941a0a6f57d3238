import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudEvent, emitterFor, HTTP, httpTransport, Mode } from 'cloudevents';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MillraceProcess, rows, settled } from './support/millrace-process.ts';

// The CloudEvents SDK, unmodified, emitting to a running Millrace.

const pipeline = fileURLToPath(new URL('../examples/shop/millrace.config.ts', import.meta.url));

let folder: string;
let millrace: MillraceProcess;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-cloudevents-'));
  millrace = new MillraceProcess({ pipeline, data: join(folder, 'data') });
  url = await millrace.url();
});
afterAll(async () => {
  await millrace.stop();
  await rm(folder, { recursive: true });
});

const time = new Date(Date.now() - 2_000).toISOString();

const viewed = (id: string, more: object = {}) =>
  new CloudEvent({
    id,
    source: 'https://shop.example/web',
    type: 'view',
    subject: 'ein Übermaß',
    time,
    tenant: 'acme',
    data: { product_id: 'p-1', category: 'garden', price: '19.99' },
    ...more,
  });

const seen = (id: string) =>
  rows(
    url,
    `SELECT type, toUnixTimestamp64Milli(timestamp) AS time, properties.product_id AS product_id,
            toString(properties.price) AS price, context.subject AS subject,
            context.source AS source, context.tenant AS tenant
     FROM events WHERE event_id = 'https://shop.example/web ${id}'`,
  );

const expected = {
  type: 'view',
  time: String(Date.parse(time)),
  product_id: 'p-1',
  price: '19.99',
  subject: 'ein Übermaß',
  source: 'https://shop.example/web',
  tenant: 'acme',
};

test.each([
  ['binary', Mode.BINARY],
  ['structured', Mode.STRUCTURED],
] as const)('an event in %s mode is stored, once', async (id, mode) => {
  const emit = emitterFor(httpTransport(`${url}/v1/events`), { binding: HTTP, mode });
  for (const _ of [1, 2]) {
    const answer = Object(await emit(viewed(id)));
    expect(JSON.parse(answer.body)).toEqual({ accepted: 1, assigned: [], rejected: [] });
  }
  await settled(url);
  expect(await seen(id)).toEqual([expected]);
});

test('a batch is stored, but for what is refused', async () => {
  // The SDK reads batches and writes none, so its events are put together here.
  const events = [viewed('batch-1'), viewed('batch-2', { type: 'viewed' }), viewed('batch-3')];
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents-batch+json; charset=UTF-8' },
    body: JSON.stringify(events),
  });
  expect(await response.json()).toMatchObject({
    accepted: 2,
    rejected: [{ index: 1, code: 'unknown_event_type' }],
  });
  await settled(url);
  expect([await seen('batch-1'), await seen('batch-3')]).toEqual([[expected], [expected]]);
});

test('what a refused event in binary mode leaves behind is that event', async () => {
  const emit = emitterFor(httpTransport(`${url}/v1/events`));
  await emit(viewed('refused', { data: { product_id: 'p-1', category: 'garden', price: 'free' } }));
  const letter = () =>
    rows<{ raw: string }>(url, `SELECT raw FROM dead_letters WHERE code = 'wrong_type'`);
  await expect.poll(letter).toHaveLength(1);
  const [{ raw } = { raw: '' }] = await letter();
  const event = HTTP.toEvent({
    headers: { 'content-type': 'application/cloudevents+json' },
    body: raw,
  });
  expect(event).toMatchObject({ id: 'refused', type: 'view', data: { price: 'free' } });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Analytics } from '@segment/analytics-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MillraceProcess, rows, settled } from './support/millrace-process.ts';

// Segment's own SDK for Node, unmodified, pointed at a running Millrace.

const pipeline = fileURLToPath(new URL('../examples/shop/millrace.config.ts', import.meta.url));

let folder: string;
let millrace: MillraceProcess;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-segment-'));
  millrace = new MillraceProcess({ pipeline, data: join(folder, 'data') });
  url = await millrace.url();
});
afterAll(async () => {
  await millrace.stop();
  await rm(folder, { recursive: true });
});

/** The SDK, and what it met: the status of each request it made, and its own errors. */
function sdk(host: string, writeKey = 'any') {
  const analytics = new Analytics({ writeKey, host, flushAt: 100, maxRetries: 2 });
  const statuses: number[] = [];
  const errors: unknown[] = [];
  analytics.on('http_response', ({ status }) => statuses.push(status));
  analytics.on('error', (error) => errors.push(error));
  return { analytics, statuses, errors };
}

test('each call of the SDK becomes an event', async () => {
  const { analytics, statuses, errors } = sdk(url);
  const timestamp = new Date(Date.now() - 3_600_000);
  const common = { userId: 'ada', timestamp };
  analytics.track({
    ...common,
    anonymousId: 'visitor',
    messageId: 'order-1',
    event: 'Order Completed',
    properties: {
      order_id: 'o-1',
      total: 39.98,
      currency: 'EUR',
      products: [{ product_id: 'p-1', quantity: 2, price: '19.99' }],
      coupon: 'SPRING',
    },
    context: { ip: '192.0.2.1' },
  });
  analytics.page({ ...common, name: 'Home', properties: { url: '/' } });
  analytics.screen({ ...common, name: 'Cart', category: 'shop' });
  analytics.identify({ ...common, traits: { plan: 'pro' } });
  analytics.group({ ...common, groupId: 'acme', traits: { seats: 5 } });
  analytics.alias({ userId: 'ada', previousId: 'visitor', timestamp });
  await analytics.closeAndFlush();

  expect(errors).toEqual([]);
  expect(statuses).toEqual([200]);
  await settled(url);
  const events = await rows(
    url,
    `SELECT type, event_id LIKE 'node-next-%' OR event_id = 'order-1' AS is_message_id, user_id,
            abs(timestamp - toDateTime64('${timestamp.toISOString().replace('Z', '')}', 3, 'UTC')) < 600 AS is_on_time,
            toString(properties) AS properties, context.library.name AS library
     FROM events WHERE user_id = 'ada' ORDER BY type`,
  );
  const event = {
    user_id: 'ada',
    is_message_id: 1,
    is_on_time: 1,
    library: '@segment/analytics-node',
  };
  const json = (text: string) => expect.objectContaining(JSON.parse(text));
  expect(
    events.map((row) => ({ ...Object(row), properties: JSON.parse(Object(row).properties) })),
  ).toEqual([
    { ...event, type: 'alias', properties: json('{"previous_id":"visitor"}') },
    { ...event, type: 'group', properties: json('{"group_id":"acme","seats":"5"}') },
    { ...event, type: 'identify', properties: json('{"plan":"pro"}') },
    { ...event, type: 'page', properties: json('{"name":"Home","url":"/"}') },
    { ...event, type: 'purchase', properties: json('{"order_id":"o-1","coupon":"SPRING"}') },
    { ...event, type: 'screen', properties: json('{"name":"Cart","category":"shop"}') },
  ]);
  expect(
    await rows(
      url,
      `SELECT toString(properties.value) AS value, properties.currency AS currency, anonymous_id
       FROM events WHERE event_id = 'order-1'`,
    ),
  ).toEqual([{ value: '39.98', currency: 'EUR', anonymous_id: 'visitor' }]);
});

test('a message sent twice is one event', async () => {
  for (const _ of [1, 2]) {
    const { analytics } = sdk(url);
    analytics.track({
      userId: 'bob',
      messageId: 'click-1',
      event: 'click',
      properties: { element: 'buy' },
    });
    await analytics.closeAndFlush();
  }
  await settled(url);
  expect(await rows(url, `SELECT count() AS count FROM events WHERE event_id = 'click-1'`)).toEqual(
    [{ count: '1' }],
  );
});

test('what is refused is not tried again, and kept', async () => {
  const { analytics, statuses, errors } = sdk(url);
  analytics.track({ userId: 'eve', messageId: 'bad-1', event: 'No Such Event' });
  await analytics.closeAndFlush();
  expect({ statuses, errors }).toEqual({ statuses: [200], errors: [] });
  await expect
    .poll(() => rows(url, `SELECT code, type FROM dead_letters WHERE event_id = 'bad-1'`))
    .toEqual([{ code: 'unknown_event_type', type: 'No Such Event' }]);
});

test('the write key opens, another does not', async () => {
  const keyed = new MillraceProcess({
    pipeline,
    data: join(folder, 'keyed'),
    env: { MILLRACE_WRITE_KEYS: 'public', MILLRACE_READ_KEYS: 'secret' },
  });
  try {
    const host = await keyed.url();
    const send = async (writeKey: string) => {
      const { analytics, statuses, errors } = sdk(host, writeKey);
      analytics.track({ userId: 'u', event: 'click', properties: { element: 'buy' } });
      await analytics.closeAndFlush();
      return { statuses, errors: errors.length };
    };
    expect(await send('public')).toEqual({ statuses: [200], errors: 0 });
    expect(await send('secret')).toEqual({ statuses: [401], errors: 1 });
  } finally {
    await keyed.stop();
  }
});

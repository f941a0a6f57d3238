import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import RudderAnalytics from '@rudderstack/rudder-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MillraceProcess, rows } from './support/millrace-process.ts';

// RudderStack's own SDK for Node, unmodified, pointed at a running Millrace. It
// gzips JSON and calls it application/x-www-form-urlencoded.

const pipeline = fileURLToPath(new URL('../examples/shop/millrace.config.ts', import.meta.url));

let folder: string;
let millrace: MillraceProcess;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-rudderstack-'));
  millrace = new MillraceProcess({ pipeline, data: join(folder, 'data') });
  url = await millrace.url();
});
afterAll(async () => {
  await millrace.stop();
  await rm(folder, { recursive: true });
});

const sdk = (dataPlaneUrl: string, options: object = {}) =>
  new RudderAnalytics('any', { dataPlaneUrl, logLevel: 'error', retryCount: 2, ...options });

test.each([true, false])('each call of the SDK becomes an event (gzip: %s)', async (gzip) => {
  const user = `ada-${gzip}`;
  const analytics = sdk(url, { gzip });
  const common = { userId: user, context: { sessionId: 1_700_000_000 } };
  const hourAgo = new Date(Date.now() - 3_600_000);
  analytics.track({
    ...common,
    timestamp: hourAgo,
    event: 'Order Completed',
    properties: {
      order_id: 'o-1',
      total: 39.98,
      currency: 'EUR',
      products: [{ product_id: 'p-1', quantity: 2, price: 19.99 }],
    },
  });
  analytics.page({ ...common, name: 'Home', properties: { url: '/' } });
  analytics.screen({ ...common, name: 'Cart' });
  analytics.identify({ ...common, traits: { plan: 'pro' } });
  analytics.group({ ...common, groupId: 'acme', traits: { seats: 5 } });
  analytics.alias({ ...common, previousId: 'visitor' });
  // The first message goes out at once, alone; the rest with this.
  await analytics.flush();

  const stored = async () => {
    const [row] = await rows<{ n: string }>(
      url,
      `SELECT count() AS n FROM events WHERE user_id = '${user}'`,
    );
    return row?.n;
  };
  await expect.poll(stored).toBe('6');
  const events = await rows(
    url,
    `SELECT type, session_id, context.channel AS channel, properties.name AS name,
            toString(properties.value) AS value, properties.plan AS plan,
            properties.group_id AS group_id, properties.previous_id AS previous_id,
            abs(timestamp - if(type = 'purchase', now() - 3600, now())) < 600 AS is_on_time
     FROM events WHERE user_id = '${user}' ORDER BY type`,
  );
  const event = {
    ...{ session_id: '1700000000', channel: 'server', is_on_time: 1 },
    ...{ name: null, value: null, plan: null, group_id: null, previous_id: null },
  };
  expect(events).toEqual([
    { ...event, type: 'alias', previous_id: 'visitor' },
    { ...event, type: 'group', group_id: 'acme' },
    { ...event, type: 'identify', plan: 'pro' },
    { ...event, type: 'page', name: 'Home' },
    { ...event, type: 'purchase', value: '39.98' },
    { ...event, type: 'screen', name: 'Cart' },
  ]);
});

test('what is refused is not tried again, and kept', async () => {
  const analytics = sdk(url);
  const sent = new Promise<unknown>((resolve) => {
    // The callback of a message gets the error its request met.
    Reflect.apply(analytics.track, analytics, [
      { userId: 'eve', event: 'No Such Event' },
      (error: unknown) => resolve(error),
    ]);
  });
  await analytics.flush();
  expect(await sent).toBeUndefined();
  await expect
    .poll(() => rows(url, `SELECT code, protocol FROM dead_letters WHERE type = 'No Such Event'`))
    .toEqual([{ code: 'unknown_event_type', protocol: 'segment' }]);
});

test('the write key opens, another does not', async () => {
  const keyed = new MillraceProcess({
    pipeline,
    data: join(folder, 'keyed'),
    env: { MILLRACE_WRITE_KEYS: 'public', MILLRACE_READ_KEYS: 'secret' },
  });
  try {
    const dataPlaneUrl = await keyed.url();
    const send = async (writeKey: string): Promise<unknown> => {
      const errors: unknown[] = [];
      const analytics = new RudderAnalytics(writeKey, {
        ...{ dataPlaneUrl, logLevel: 'none' },
        errorHandler: (error: unknown) => errors.push(Object(error).response.status),
      });
      analytics.track({ userId: 'u', event: 'click', properties: { element: 'buy' } });
      await analytics.flush();
      return errors;
    };
    expect(await send('public')).toEqual([]);
    expect(await send('secret')).toEqual([401]);
  } finally {
    await keyed.stop();
  }
});

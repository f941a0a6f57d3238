import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  answerOf,
  type IngestServer,
  openIngestServer,
  post,
} from './ingest.suite.ts';

let server: IngestServer;
beforeAll(async () => {
  server = await openIngestServer({ keys: { write: ['public'], read: ['secret'] } });
});
afterAll(() => server.close());

const get = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  answerOf(await fetch(server.url + path, { headers }));
const basic = (key: string): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}`,
});

describe('the settings for browser SDKs', () => {
  it('tell Segment’s to send here, as the visitor reaches this server', async () => {
    const path = '/v1/projects/public/settings';
    const { host } = new URL(server.url);
    const settings = (protocol: string) => ({
      integrations: { 'Segment.io': { apiKey: 'public', apiHost: `${host}/v1`, protocol } },
      metrics: { sampleRate: 0 },
    });
    const answer = await get(path, { origin: 'https://shop.example' });
    expect(answer).toMatchObject({ status: 200, body: settings('http') });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    expect((await get(path, { 'x-forwarded-proto': 'https' })).body).toMatchObject(
      settings('https'),
    );
  });

  it('tell RudderStack’s that nobody else wants its events', async () => {
    for (const path of ['/sourceConfig', '/sourceConfig/']) {
      const answer = await get(`${path}?writeKey=public`, basic('public'));
      expect(answer).toMatchObject({
        status: 200,
        body: { source: { enabled: true, destinations: [] } },
      });
    }
  });

  it('are not for who names no write key', async () => {
    for (const path of [
      '/v1/projects/other/settings',
      '/sourceConfig/',
      '/sourceConfig/?writeKey=x',
    ]) {
      expect(await get(path), path).toMatchObject({
        status: 401,
        body: { error: { code: 'unauthorized' } },
      });
    }
    expect((await get('/sourceConfig/', basic('secret'))).status).toBe(401);
  });
});

describe('the paths of browser SDKs', () => {
  it('are the calls they stand for', async () => {
    const key = { ...basic('public'), 'content-type': 'text/plain' };
    const calls = { t: 'track', p: 'page', s: 'screen', i: 'identify', g: 'group', a: 'alias' };
    for (const [path, call] of Object.entries(calls)) {
      const message = {
        messageId: call,
        userId: 'ann',
        event: 'click',
        properties: { element: '' },
      };
      const answer = await post(`${server.url}/v1/${path}`, JSON.stringify(message), key);
      expect(answer.body, path).toMatchObject({ success: true, accepted: 1 });
    }
    for (const path of ['/v1/b', '/beacon/v1/batch?writeKey=public']) {
      const batch = [{ messageId: path, type: 'page', userId: 'ann' }];
      const answer = await post(server.url + path, JSON.stringify({ batch }), key);
      expect(answer.body, path).toMatchObject({ success: true, accepted: 1 });
    }
    const events = await server.events();
    expect(events.slice(0, 6).map(({ event_id, type }) => [event_id, type])).toEqual(
      Object.values(calls).map((call) => [call, call === 'track' ? 'click' : call]),
    );
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IngestServer, openIngestServer } from './ingest.suite.ts';

let server: IngestServer;
beforeAll(async () => {
  server = await openIngestServer({ keys: { write: ['w'], read: ['r'] } });
});
afterAll(() => server.close());

const get = (headers: { readonly [name: string]: string } = {}): Promise<Response> =>
  fetch(`${server.url}/millrace.js`, { headers });

describe('GET /millrace.js', () => {
  test('is the script, for any page, to be kept for a while', async () => {
    const response = await get({ origin: 'https://shop.example', 'accept-encoding': 'identity' });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': expect.stringContaining('max-age='),
      'cross-origin-resource-policy': 'cross-origin',
      'access-control-allow-origin': 'https://shop.example',
      vary: 'Origin, Accept-Encoding',
    });
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(await response.text()).toContain('v1/events');
  });

  test('comes packed, and not again to who has it', async () => {
    const packed = await get({ 'accept-encoding': 'gzip' });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(await packed.text()).toContain('v1/events');
    const etag = packed.headers.get('etag') ?? '';
    const again = await get({ 'if-none-match': etag });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    expect((await get({ 'if-none-match': 'W/"another"' })).status).toBe(200);
  });
});

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { binaryCloudEvent, cloudEventsBatch } from './cloudevents.ts';
import { defaultCollectLimits } from './limits.ts';
import { readJson } from './read-json.ts';
import { Refusal } from './refusals.ts';

const required = { specversion: '1.0', id: 'i', source: '/shop', type: 'view' };

const structured = (body: unknown): unknown =>
  cloudEventsBatch(
    readJson(Buffer.from(JSON.stringify(body)), false, defaultCollectLimits),
  ).events.map((event) => (event instanceof Refusal ? event.code : event));

describe('cloudEventsBatch', () => {
  it('maps the attributes', () => {
    const event = {
      ...required,
      time: '2026-05-01T12:00:00Z',
      subject: 's',
      tenant: 7,
      data: { price: '1' },
    };
    expect(structured([event])).toEqual([
      {
        event_id: '/shop i',
        type: 'view',
        timestamp: '2026-05-01T12:00:00Z',
        properties: { price: '1' },
        context: { id: 'i', source: '/shop', subject: 's', tenant: 7 },
      },
    ]);
  });

  it('hashes an id of more than 128 bytes', () => {
    const longest = 'x'.repeat(128 - '/shop '.length);
    const id = (of: string): unknown => structured({ ...required, id: of });
    expect(id(longest)).toMatchObject([{ event_id: `/shop ${longest}` }]);
    const digest = createHash('sha256').update(`/shop ${longest}y`).digest('hex');
    expect(id(`${longest}y`)).toMatchObject([{ event_id: `sha256:${digest}` }]);
  });

  it('reads JSON in base64', () => {
    const data_base64 = Buffer.from('{"n":9007199254740993}').toString('base64');
    expect(structured({ ...required, data_base64 })).toMatchObject([
      { properties: { n: 9007199254740993n } },
    ]);
  });

  it.each([
    [{ ...required, specversion: '0.3' }, 'not_a_cloudevent'],
    [{ ...required, specversion: undefined }, 'not_a_cloudevent'],
    [{ ...required, id: '' }, 'not_a_cloudevent'],
    [{ ...required, source: 5 }, 'not_a_cloudevent'],
    [{ ...required, data: 5 }, 'wrong_type'],
    [{ ...required, data: [] }, 'wrong_type'],
    [{ ...required, data_base64: 'e30=', datacontenttype: 'image/png' }, 'wrong_type'],
    [{ ...required, data_base64: 'e30x' }, 'invalid_json'],
    [{ ...required, ['__proto__']: 5 }, 'reserved_key'],
    [5, 'not_an_object'],
  ])('refuses %j', (event, code) => {
    expect(structured([event])).toEqual([code]);
  });
});

describe('binaryCloudEvent', () => {
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': 'i',
    'ce-source': '/shop',
    'ce-type': 'view',
    'ce-subject': 'Euro%20%E2%82%AC',
    'ce-rate': '100%',
    'content-type': 'application/json; charset=utf-8',
    host: 'localhost',
  };

  it('reads attributes from headers, and keeps the same in structured mode', () => {
    const body = Buffer.from('{"price": 9007199254740993}');
    const batch = binaryCloudEvent(headers, body);
    const event = {
      event_id: '/shop i',
      type: 'view',
      properties: { price: 9007199254740993n },
      context: {
        id: 'i',
        source: '/shop',
        subject: 'Euro €',
        rate: '100%',
        datacontenttype: 'application/json; charset=utf-8',
      },
    };
    expect(batch.events).toEqual([event]);
    const kept = readJson(Buffer.from(batch.raw(0)), false, defaultCollectLimits);
    expect(cloudEventsBatch(kept).events).toEqual([event]);
  });

  it('may have no data', () => {
    const batch = binaryCloudEvent(headers, Buffer.alloc(0));
    expect(batch.events).toMatchObject([{ event_id: '/shop i', properties: undefined }]);
    expect(JSON.parse(Buffer.from(batch.raw(0)).toString())).toMatchObject(required);
  });

  it('refuses data that is no object, and keeps it', () => {
    const plain = { ...headers, 'content-type': 'text/plain' };
    const batch = binaryCloudEvent(plain, Buffer.from([0xff, 0x00]));
    expect(batch.events).toMatchObject([{ code: 'wrong_type' }]);
    expect(JSON.parse(Buffer.from(batch.raw(0)).toString())).toMatchObject({ data_base64: '/wA=' });
    expect(binaryCloudEvent(headers, Buffer.from('"\xff"', 'latin1')).events).toMatchObject([
      { code: 'invalid_utf8' },
    ]);
  });

  it('takes a body that should be JSON and is not for no request at all', () => {
    expect(() => binaryCloudEvent(headers, Buffer.from('{'))).toThrow(
      expect.objectContaining({ code: 'invalid_body' }),
    );
  });
});

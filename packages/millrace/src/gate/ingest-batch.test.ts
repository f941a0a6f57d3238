import { describe, expect, test } from 'vitest';
import { defaultCollectLimits } from '../collect/limits.ts';
import { ingestBatch } from './ingest-batch.ts';

const place = { topic: 'orders', partition: 3, offset: 77 };
const read = (value: string | null, at = place) =>
  ingestBatch(
    { offset: at.offset, value: value === null ? null : Buffer.from(value) },
    at,
    defaultCollectLimits,
  );

describe('a record of another topic', () => {
  test('is one event, with its place for an id if it has none', () => {
    expect(read('{"type":"view","event_id":"e1"}').events).toEqual([
      { type: 'view', event_id: 'e1' },
    ]);
    expect(read('{"type":"view"}').events).toEqual([{ type: 'view', event_id: 'orders/3/77' }]);
    expect(read('{"type":"view","eventId":"e2"}').events).toMatchObject([{ event_id: 'e2' }]);
  });

  test('may be several events', () => {
    const { events, raw } = read('[{"type":"a"},{"type":"b","event_id":"e"},{"type":"c"}]');
    expect(events).toMatchObject([
      { event_id: 'orders/3/77/0' },
      { event_id: 'e' },
      { event_id: 'orders/3/77/2' },
    ]);
    expect(Buffer.from(raw(1)).toString()).toBe('{"type":"b","event_id":"e"}');
  });

  test('may be a CloudEvent', () => {
    const cloudEvent = {
      specversion: '1.0',
      id: '1',
      source: 'shop',
      type: 'view',
      data: { a: 1 },
    };
    const batch = read(JSON.stringify(cloudEvent));
    expect(batch).toMatchObject({ protocol: 'cloudevents' });
    expect(batch.events).toMatchObject([
      { event_id: 'shop 1', type: 'view', properties: { a: 1 } },
    ]);
  });

  test.each([
    ['', null],
    ['{', '{'],
    ['7', '7'],
    ['"text"', '"text"'],
  ])('that is no event (%s) is refused, and kept as it came', (text, value) => {
    const { events, raw } = read(value);
    expect(events).toMatchObject([
      { code: expect.stringMatching(/^(invalid_json|not_an_object)$/) },
    ]);
    expect(Buffer.from(raw(0)).toString()).toBe(text);
  });

  test('has a short id, however long its topic is called', () => {
    const [event] = read('{"type":"view"}', { ...place, topic: 't'.repeat(249) }).events;
    expect(event).toMatchObject({ event_id: expect.stringMatching(/^sha256:[\da-f]{64}$/) });
  });
});

import { describe, expect, it } from 'vitest';
import type { IncomingBatch } from './incoming.ts';
import { defaultCollectLimits } from './limits.ts';
import { readJson } from './read-json.ts';
import { Refusal } from './refusals.ts';
import { type SegmentCall, segmentBatch, segmentWriteKey } from './segment.ts';

const json = (body: unknown) =>
  readJson(Buffer.from(JSON.stringify(body)), false, defaultCollectLimits);

const read = (body: unknown, call: SegmentCall | null = null): IncomingBatch =>
  segmentBatch(json(body), call);

const common = { messageId: 'm', userId: 'u', anonymousId: 'a', timestamp: '2026-05-01' };
const read_ = { event_id: 'm', user_id: 'u', anonymous_id: 'a', timestamp: '2026-05-01' };

describe('segmentBatch', () => {
  it.each([
    [
      { type: 'track', event: 'Order Completed', properties: { total: 5 } },
      { type: 'Order Completed', properties: { total: 5 } },
    ],
    [
      { type: 'page', name: 'Home', category: 'c', properties: { url: '/' } },
      { type: 'page', properties: { url: '/', name: 'Home', category: 'c' } },
    ],
    [
      { type: 'screen', name: 'Home' },
      { type: 'screen', properties: { name: 'Home' } },
    ],
    [
      { type: 'identify', traits: { email: 'e' } },
      { type: 'identify', properties: { email: 'e' } },
    ],
    [
      { type: 'group', groupId: 'g', traits: { plan: 'p' } },
      { type: 'group', properties: { plan: 'p', group_id: 'g' } },
    ],
    [
      { type: 'alias', previousId: 'p' },
      { type: 'alias', properties: { previous_id: 'p' } },
    ],
  ])('reads %j', (message, event) => {
    const [first] = read({ batch: [{ ...common, ...message }] }).events;
    expect(first).toMatchObject({ ...read_, ...event });
    const { type, ...typeless } = message;
    const [second] = read({ ...common, ...typeless }, type as SegmentCall).events;
    expect(second).toEqual(first);
  });

  it('corrects the original timestamp, whatever it is called', () => {
    const batch = [
      { type: 'page', timestamp: 't' },
      { type: 'page', originalTimestamp: 't' },
      { type: 'page', timestamp: 't', originalTimestamp: 't' },
      { type: 'page', timestamp: 't', sentAt: 'own' },
      { type: 'page', timestamp: 't', originalTimestamp: 'o', sentAt: 'own' },
    ];
    expect(read({ batch, sentAt: 'all' }).events).toMatchObject([
      { timestamp: 't', sent_at: 'all' },
      { timestamp: 't', sent_at: 'all' },
      { timestamp: 't', sent_at: 'all' },
      { timestamp: 't', sent_at: 'own' },
      // What stands beside an original one is not corrected again.
      { timestamp: 't' },
    ]);
    expect(read({ batch, sentAt: 'all' }).events[4]).not.toHaveProperty('sent_at');
  });

  it('keeps context and other fields, and leaves out what steers the delivery', () => {
    const { events } = read({
      context: { app: 'shop', ip: 'batch' },
      batch: [
        {
          ...{ ...common, type: 'page', writeKey: 'k', integrations: {}, _metadata: {} },
          ...{ channel: 'server', context: { ip: 'own', sessionId: 17 } },
        },
      ],
    });
    expect(events).toMatchObject([
      { session_id: 17, context: { app: 'shop', ip: 'own', sessionId: 17, channel: 'server' } },
    ]);
    expect(JSON.stringify(events)).not.toContain('writeKey');
  });

  it('does not let a small body become a large log', () => {
    const batch = Array.from({ length: 1_000 }, () => ({ type: 'page' }));
    const bounded = expect.objectContaining({ code: 'invalid_body' });
    expect(() => read({ batch, context: { text: 'x'.repeat(40_000) } })).toThrow(bounded);
    const names = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`n${i}`, [i]]));
    expect(() => read({ batch, context: names })).toThrow(bounded);
    expect(read({ batch, context: { text: 'x'.repeat(20_000) } }).events).toHaveLength(1_000);
  });

  it('weighs what nests deeper than any stack', () => {
    let context = {};
    for (let depth = 0; depth < 100_000; depth += 1) context = { a: context };
    const batch = [{ type: 'page' }];
    expect(segmentBatch({ ...json({ batch }), around: { context } }, null).events).toHaveLength(1);
  });

  it('refuses what is no call', () => {
    const codes = read({
      batch: [{ type: 'burp' }, {}, 5, { type: 'page', ['__proto__']: 1 }],
    }).events.map((event) => (event instanceof Refusal ? event.code : event));
    expect(codes).toEqual(['unknown_event_type', 'missing_type', 'not_an_object', 'reserved_key']);
  });

  it('keeps the call with what came to a path of its own', () => {
    const text = (batch: IncomingBatch): unknown =>
      JSON.parse(Buffer.from(batch.raw(0)).toString());
    expect(text(read({ groupId: 'g' }, 'group'))).toEqual({ type: 'group', groupId: 'g' });
    expect(text(read({}, 'group'))).toEqual({ type: 'group' });
    expect(text(read({ type: 'group' }, 'group'))).toEqual({ type: 'group' });
  });

  it('finds the write key beside the batch or in the message', () => {
    expect(segmentWriteKey(json({ writeKey: 'k', batch: [] }))).toBe('k');
    expect(segmentWriteKey(json({ writeKey: 'k' }))).toBe('k');
    expect(segmentWriteKey(json([]))).toBeUndefined();
  });
});

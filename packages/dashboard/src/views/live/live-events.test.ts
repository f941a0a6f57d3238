import { expect, test } from 'vitest';
import { withNewer } from './live-events.ts';

const logged = (event_id: string, more: object = {}) => ({
  event: { event_id, type: 'view', received_at: 1_000, late: false, ...more },
});

test('the newest are first, each once, and no more than fit', () => {
  const first = withNewer([], { events: [logged('a'), logged('b')] });
  expect(first.map(({ event_id }) => event_id)).toEqual(['b', 'a']);
  const next = withNewer(first, { events: [logged('b'), logged('c')] });
  expect(next.map(({ event_id }) => event_id)).toEqual(['c', 'b', 'a']);
  const many = Array.from({ length: 20 }, (_, i) => logged(`e${i}`));
  const last = withNewer(next, { events: many });
  expect([last.length, last[0]?.event_id, last.at(-1)?.event_id]).toEqual([20, 'e19', 'e0']);
});

test('what the log leaves out is empty', () => {
  const events = [logged('a'), logged('b', { session_id: 's', properties: { price: '1.00' } })];
  expect(withNewer([], { events })).toMatchObject([
    { ms: '1000', who: 's', properties: { price: '1.00' } },
    { who: null, properties: {} },
  ]);
});

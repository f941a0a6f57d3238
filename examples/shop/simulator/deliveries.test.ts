import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodyOf, type Delivery, deliveries } from './deliveries.ts';
import { shopEvents } from './shop-events.ts';

const noon = Date.UTC(2026, 0, 1, 12);

function take(count: number, seed = 7, rate = 50): readonly Delivery[] {
  const all = deliveries({ seed, rate, now: () => noon });
  return Array.from({ length: count }, () => all.next().value);
}

describe('the requests of the shop', () => {
  test('carry every event once, in order, apart from repeats', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 1_000 }), (seed, rate) => {
        const first = take(30, seed, rate)
          .filter(({ repeat }) => !repeat)
          .flatMap(({ events }) => events);
        const events = shopEvents({ seed, rate, now: () => noon });
        expect(first).toEqual(first.map(() => events.next().value));
      }),
      { numRuns: 20 },
    );
  });

  test('a repeat brings only what was delivered before, and is not empty', () => {
    const delivered = new Set<string>();
    let repeats = 0;
    for (const { events, repeat } of take(2_000)) {
      expect(events.length).toBeGreaterThan(0);
      if (repeat) {
        repeats += 1;
        for (const { id } of events) expect(delivered).toContain(id);
      }
      for (const { id } of events) delivered.add(id);
    }
    expect(repeats).toBeGreaterThan(40);
    expect(repeats).toBeLessThan(140);
  });

  test('all forms are used, single events and batches, some zipped', () => {
    const all = take(2_000);
    expect(new Set(all.map(({ form }) => form)).size).toBe(4);
    expect(all.some(({ gzip }) => gzip)).toBe(true);
    expect(all.filter(({ events }) => events.length === 1).length).toBeGreaterThan(500);
    expect(Math.max(...all.map(({ events }) => events.length))).toBeGreaterThan(20);
  });

  test('a slow shop waits for no batch to fill, a fast one keeps to the limit', () => {
    for (const { events, repeat } of take(200, 7, 0.5)) {
      if (!repeat) expect(events.length).toBe(1);
    }
    for (const { events } of take(200, 7, 20_000)) expect(events.length).toBeLessThanOrEqual(500);
  });

  test.each(['object', 'array', 'batch', 'ndjson'] as const)('the body of %s', (form) => {
    const delivery = take(500).find((each) => each.form === form);
    if (delivery === undefined) throw new Error(`No ${form} among the deliveries.`);
    const text = bodyOf(delivery);
    const bodies = delivery.events.map(({ body }) => body);
    const read = {
      object: () => [JSON.parse(text)],
      array: () => JSON.parse(text),
      batch: () => JSON.parse(text).batch,
      ndjson: () =>
        text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
    }[form]();
    expect(read).toEqual(JSON.parse(JSON.stringify(bodies)));
  });
});

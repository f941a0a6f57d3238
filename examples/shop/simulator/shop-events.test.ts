import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mistakes } from './mistakes.ts';
import type { SentEvent } from './sent-event.ts';
import { type ShopEvent, shopEvents } from './shop-events.ts';

const noon = Date.UTC(2026, 0, 1, 12);

function take(count: number, seed = 7, rate = 50): readonly ShopEvent[] {
  const events = shopEvents({ seed, rate, now: () => noon });
  return Array.from({ length: count }, () => events.next().value);
}

function isSentEvent(body: unknown): body is SentEvent {
  return typeof body === 'object' && body !== null && 'type' in body && 'properties' in body;
}

const good = (events: readonly ShopEvent[]): readonly SentEvent[] =>
  events
    .filter(({ refusal }) => refusal === null)
    .map(({ body }) => body)
    .filter(isSentEvent);

const cents = (decimal: unknown): number => {
  const [, whole = '', part = ''] = /^(\d+)\.(\d\d)$/.exec(String(decimal)) ?? [];
  return Number(whole) * 100 + Number(part);
};

describe('the events of the shop', () => {
  test('the same seed gives the same events, another seed others', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 1_000 }), (seed, rate) => {
        expect(take(300, seed, rate)).toEqual(take(300, seed, rate));
        expect(take(300, seed, rate)).not.toEqual(take(300, seed + 1, rate));
      }),
      { numRuns: 20 },
    );
  });

  test('no id comes twice', () => {
    const events = take(20_000);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  test('they leave evenly, at the rate asked for', () => {
    const events = take(1_001, 7, 200);
    const gaps = events.slice(1).map(({ leavesAt }, i) => leavesAt - (events[i]?.leavesAt ?? 0));
    expect(Math.min(...gaps)).toBeCloseTo(5);
    expect(Math.max(...gaps)).toBeCloseTo(5);
  });

  test('a shop that was held up goes on from now instead of sending all it missed', () => {
    let now = noon;
    const events = shopEvents({ seed: 7, rate: 50, now: () => now });
    events.next();
    now += 3_600_000;
    expect(events.next().value.leavesAt).toBe(now - 2_000);
  });

  test('the funnel narrows as in a shop', () => {
    const types = good(take(60_000)).map(({ type }) => type);
    const share = (type: string) => types.filter((each) => each === type).length / types.length;
    expect(share('view')).toBeGreaterThan(0.6);
    expect(share('click')).toBeGreaterThan(0.15);
    expect(share('add_to_cart')).toBeGreaterThan(0.015);
    expect(share('add_to_cart')).toBeLessThan(share('click'));
    expect(share('purchase')).toBeGreaterThan(0.004);
    expect(share('purchase')).toBeLessThan(share('add_to_cart') / 2);
  });

  test('what is bought was put into the cart in that session, at that price', () => {
    const events = good(take(60_000));
    const carts = new Map<string, string[]>();
    let purchases = 0;
    for (const { type, session_id, user_id, properties } of events) {
      const cart = carts.get(session_id) ?? [];
      carts.set(session_id, cart);
      if (type === 'add_to_cart') cart.push(`${properties.product_id} ${properties.price}`);
      if (type !== 'purchase') continue;
      purchases += 1;
      expect(user_id).toBeDefined();
      const items: readonly unknown[] = Array.isArray(properties.items) ? properties.items : [];
      const total = items.reduce<number>((sum, item) => {
        const { product_id, quantity, price }: { [name: string]: unknown } = Object(item);
        // A spoiled event may have been the one that filled the cart.
        if (cart.length > 0) expect(cart).toContain(`${product_id} ${price}`);
        return sum + cents(price) * Number(quantity);
      }, 0);
      expect(total).toBeGreaterThan(0);
      expect(cents(properties.value)).toBe(total);
    }
    expect(purchases).toBeGreaterThan(200);
  });

  test('late ones happened long before they left, the others just now', () => {
    const events = take(10_000).filter(({ refusal }) => refusal === null);
    for (const { body, leavesAt, late } of events) {
      const age = leavesAt - Date.parse(isSentEvent(body) ? body.timestamp : '');
      if (late) expect(age).toBeGreaterThanOrEqual(29_999);
      else expect(age).toBeLessThanOrEqual(501);
    }
    const late = events.filter((event) => event.late).length;
    expect(late / events.length).toBeGreaterThan(0.01);
    expect(late / events.length).toBeLessThan(0.03);
  });

  test('every kind of mistake is made', () => {
    const made = new Set(take(60_000).map(({ refusal }) => refusal));
    made.delete(null);
    expect([...made].sort()).toEqual(mistakes.map(({ code }) => code).sort());
  });
});

import { describe, expect, it } from 'vitest';
import {
  alert,
  count,
  decimal,
  event,
  int32,
  object,
  oneOf,
  optional,
  type Pipeline,
  rollup,
  string,
  sum,
  uniq,
  window,
} from '../index.ts';
import { difference } from './difference.ts';
import { planOf } from './plan-of.ts';

const view = event({ product_id: string(), kind: oneOf('a') });
const purchase = event({ value: decimal(18, 2), address: object({ city: string() }) });
const revenue = rollup('revenue', {
  from: 'purchase',
  every: 'minute',
  by: ['address.city', 'user_id'],
  where: { value: { gt: '0' } },
  measures: { n: count(), total: sum('value') },
});
const base: Pipeline = { name: 'shop', events: { view, purchase }, rollups: [revenue] };

/** What changes from one pipeline to the next, as `place: yes|no`. */
const changes = (after: Pipeline, before: Pipeline = base): readonly string[] => {
  const first = planOf(before);
  return difference(first, planOf(after, first)).map(
    ({ place, compatible }) => `${place}: ${compatible ? 'yes' : 'no'}`,
  );
};
const withRollup = (rollups: Pipeline['rollups']): Pipeline => ({
  ...base,
  rollups: rollups ?? [],
});
const withPurchase = (changed: Pipeline['events'][string]): Pipeline => ({
  ...base,
  events: { view, purchase: changed },
});

describe('difference', () => {
  it('is nothing where nothing changed', () => {
    expect(changes(base)).toEqual([]);
    expect(changes(structuredClone(base))).toEqual([]);
  });

  it('tells what becomes of windows', () => {
    const options = { from: 'purchase', measures: { n: count() } } as const;
    const one: Pipeline = { ...base, windows: [window('w', { ...options, tumbling: '1m' })] };
    const after = (changed: Pipeline) => {
      const first = planOf(one, planOf(base));
      const second = planOf(changed, first);
      return [difference(first, second).map(({ place }) => place), second.windows[0]?.table];
    };
    expect(changes(one)).toEqual(['windows.w: yes']);
    expect(after(structuredClone(one))).toEqual([[], 'w__v1']);
    const kept = { ...one, windows: [window('w', { ...options, tumbling: '1m', keep: '9d' })] };
    expect(after(kept)).toEqual([['windows.w.keep'], 'w__v1']);
    for (const other of [
      window('w', { ...options, tumbling: '2m' }),
      window('w', { ...options, hopping: { size: '2m', every: '1m' } }),
      window('w', { ...options, session: { gap: '1m' } }),
      window('w', { ...options, tumbling: '1m', having: { n: { gt: 1 } } }),
      window('w', { ...options, tumbling: '1m', by: ['user_id'] }),
    ])
      expect(after({ ...one, windows: [other] })).toEqual([['windows.w'], 'w__v2']);
    expect(after(base)).toEqual([['windows.w'], undefined]);
    // A rollup that takes the name of a window gets a table that none had.
    const gone = planOf(base, planOf(one));
    expect(gone.retired).toEqual([{ name: 'w', version: 1 }]);
    const rolled = rollup('w', { ...options, every: 'day' });
    expect(planOf(withRollup([rolled]), gone).rollups[0]?.table).toBe('w__v2');
    expect(planOf(withRollup([rolled]), planOf(one)).rollups[0]?.table).toBe('w__v2');
  });

  it('tells what becomes of alerts', () => {
    const windows = [window('w', { from: 'purchase', tumbling: '1m', measures: { n: count() } })];
    const url = 'https://example.com/';
    const on = (...alerts: NonNullable<Pipeline['alerts']>): Pipeline => ({
      ...base,
      windows,
      alerts,
    });
    const before = on(alert('a', { on: 'w', webhook: url }));
    expect(changes(before, on())).toEqual(['alerts.a: yes']);
    expect(changes(before, before)).toEqual([]);
    expect(changes(on(), before)).toEqual(['alerts.a: yes']);
    for (const other of [
      alert('a', { on: 'w', webhook: `${url}b` }),
      alert('a', { on: 'w', when: { n: 1 }, webhook: url }),
    ])
      expect(changes(on(other), before)).toEqual(['alerts.a: yes']);
  });

  it('follows what stored data can follow', () => {
    expect(changes({ ...base, events: { ...base.events, click: event({}) } })).toEqual([
      'events.click: yes',
    ]);
    expect(
      changes(withPurchase(event({ ...purchase.properties, note: optional(string()) }))),
    ).toEqual(['events.purchase.note: yes']);
    expect(
      changes(withPurchase(event({ ...purchase.properties, value: optional(decimal(18, 2)) }))),
    ).toEqual(['events.purchase.value: yes']);
    expect(
      changes(
        withPurchase(
          event(purchase.properties, { aliases: ['x'], undeclared: 'drop', rename: {} }),
        ),
      ),
    ).toEqual(['events.purchase.aliases: yes', 'events.purchase.undeclared: yes']);
    expect(
      changes({
        ...base,
        events: { view: event({ ...view.properties, kind: oneOf('a', 'b') }), purchase },
      }),
    ).toEqual(['events.view.kind: yes']);
    expect(changes({ ...base, dedup: { window: '1h' }, lateness: '1m', keep: '30d' })).toEqual([
      'dedup.window: yes',
      'lateness: yes',
      'keep: yes',
    ]);
    expect(changes({ ...base, partitioning: { partsPerInsert: 50 } })).toEqual([
      'partitioning.partsPerInsert: yes',
    ]);
  });

  it('refuses what stored data cannot follow', () => {
    expect(changes({ ...base, name: 'other' })).toEqual(['name: no']);
    expect(
      changes(withPurchase(event({ ...purchase.properties, value: decimal(18, 3) }))).filter(
        (one) => one.endsWith('no'),
      ),
    ).toEqual(['events.purchase.value: no']);
    expect(
      changes(withRollup([]), withRollup([])).concat(
        changes(
          { ...base, rollups: [], events: { view, purchase: event({ value: decimal(18, 2) }) } },
          withRollup([]),
        ),
      ),
    ).toEqual(['events.purchase.address: yes', 'events.purchase.address.city: no']);
    expect(changes({ ...base, events: { purchase } })).toEqual([
      'events.view: yes',
      'events.view.product_id: no',
      'events.view.kind: no',
    ]);
    expect(changes({ ...base, partitioning: { by: 'day' } })).toEqual(['partitioning: no']);
    expect(changes({ ...base, partitioning: { ownTypes: ['view'] } })).toEqual([
      'partitioning: no',
    ]);
  });

  it('lets a property move from one event to another', () => {
    const moved = {
      view: event({ kind: oneOf('a') }),
      purchase: event({ ...purchase.properties, product_id: string() }),
    };
    expect(changes({ ...base, events: moved })).toEqual([
      'events.view.product_id: yes',
      'events.purchase.product_id: yes',
    ]);
  });

  it('tells what is no compatible change how to be mended', () => {
    const first = planOf(base);
    const [change] = difference(first, planOf({ ...base, name: 'other' }, first));
    expect(change?.mend).toMatch(/shop/);
  });
});

describe('versions of rollups', () => {
  const versionAfter = (...rollups: readonly Pipeline['rollups'][]): string => {
    const last = rollups.reduce<ReturnType<typeof planOf> | undefined>(
      (previous, next) => planOf(withRollup(next), previous),
      undefined,
    );
    return (last?.rollups ?? []).map(({ table }) => table).join();
  };
  const changed = { ...revenue, measures: { ...revenue.measures, buyers: uniq('user_id') } };

  it('stay while the logic stays', () => {
    const reordered = {
      ...revenue,
      by: ['user_id', 'address.city'] as const,
      measures: { total: sum('value'), n: count() },
      keep: '30d' as const,
    };
    expect(versionAfter([revenue], [revenue])).toBe('revenue__v1');
    expect(versionAfter([revenue], [reordered])).toBe('revenue__v1');
    expect(changes(withRollup([reordered]))).toEqual(['rollups.revenue.keep: yes']);
  });

  it.each([
    ['another measure', changed],
    ['another width', { ...revenue, every: 'hour' as const }],
    ['another event', { ...revenue, from: ['purchase', 'view'] as const }],
    ['fewer dimensions', { ...revenue, by: ['user_id'] as const }],
    ['another condition', { ...revenue, where: { value: { gt: '1' } } }],
    ['no condition', { ...revenue, where: undefined }],
  ])('go up with %s', (_what, next) => {
    expect(versionAfter([revenue], [next])).toBe('revenue__v2');
    expect(changes(withRollup([next]))).toEqual(['rollups.revenue: yes']);
  });

  it('are never given twice, not even after the rollup was gone', () => {
    expect(versionAfter([revenue], [changed], [revenue])).toBe('revenue__v3');
    expect(versionAfter([revenue], [], [revenue])).toBe('revenue__v2');
    expect(versionAfter([revenue], [], [], [revenue], [], [revenue])).toBe('revenue__v3');
    expect(changes(withRollup([]))).toEqual(['rollups.revenue: yes']);
  });

  it('stay when an enum takes a value more', () => {
    const byKind = rollup('kinds', {
      from: 'view',
      every: 'day',
      by: ['kind'],
      measures: { n: count() },
    });
    const before = planOf({ ...base, rollups: [byKind] });
    const events = { purchase, view: event({ ...view.properties, kind: oneOf('a', 'b') }) };
    expect(planOf({ ...base, events, rollups: [byKind] }, before).rollups[0]?.version).toBe(1);
  });

  it('go up with the type of what is measured', () => {
    const total = rollup('stars', {
      from: 'review',
      every: 'day',
      measures: { total: sum('stars') },
    });
    const make = (type: Pipeline['events'][string]): Pipeline => ({
      ...base,
      events: { review: type },
      rollups: [total],
    });
    const before = planOf(make(event({ stars: int32() })));
    const after = planOf(make(event({ stars: decimal(9, 1) })), before);
    expect(after.rollups[0]?.version).toBe(2);
  });
});

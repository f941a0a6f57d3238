import { expect, test } from 'vitest';
import { testCache } from '../../ports/cache.suite.ts';
import { systemClock } from '../system-clock.ts';
import { memoryCache } from './memory-cache.ts';

testCache('a cache in memory', async () =>
  memoryCache({ clock: systemClock, unitsMax: 1_000_000 }),
);

test('what was not asked for the longest makes room', async () => {
  const cache = memoryCache({ clock: systemClock, unitsMax: 30 });
  for (const key of ['a', 'b', 'c']) await cache.set(key, key.repeat(9), 60_000);
  await cache.get('a');
  await cache.set('d', 'd'.repeat(9), 60_000);
  const found = await Promise.all(['a', 'b', 'c', 'd'].map((key) => cache.get(key)));
  expect(found).toEqual(['aaaaaaaaa', null, 'ccccccccc', 'ddddddddd']);
  await cache.set('e', 'e'.repeat(30), 60_000);
  expect(await cache.get('e')).toBeNull();
  expect(await cache.get('d')).toBe('ddddddddd');
});

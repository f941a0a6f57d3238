import { describe, expect, onTestFinished, test } from 'vitest';
import type { Cache } from './cache.ts';

/** What every adapter of the port keeps. @param open one without entries, which keeps a megabyte at least. */
export function testCache(name: string, open: () => Promise<Cache>): void {
  const opened = async (): Promise<Cache> => {
    const cache = await open();
    onTestFinished(() => cache.close());
    return cache;
  };

  describe(name, () => {
    test('gives back what was kept last', async () => {
      const cache = await opened();
      expect(await cache.get('a')).toBeNull();
      await cache.set('a', 'é "1"\n\u0000', 60_000);
      await cache.set('b', '2', 60_000);
      expect(await cache.get('a')).toBe('é "1"\n\u0000');
      await cache.set('a', '3', 60_000);
      expect(await cache.get('a')).toBe('3');
      expect(await cache.get('b')).toBe('2');
    });

    test('forgets it after its time', async () => {
      const cache = await opened();
      await cache.set('short', '1', 30);
      await expect.poll(() => cache.get('short')).toBeNull();
    });
  });
}

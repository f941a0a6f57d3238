import { describe, expect, test } from 'vitest';
import type { ObjectStore } from './object-store.ts';

/** What every adapter of the port keeps. @param open one without objects. */
export function testObjectStore(name: string, open: () => Promise<ObjectStore>): void {
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  const text = (found: Uint8Array | null): string | null =>
    found === null ? null : Buffer.from(found).toString();

  describe(name, () => {
    test('gives back what was written', async () => {
      const objects = await open();
      const binary = Uint8Array.from({ length: 1_000 }, (_, n) => n % 256);
      expect(await objects.create('a/date=2026-05-01/type=odd%2Ftype é/1.parquet', binary)).toBe(
        true,
      );
      const found = await objects.read('a/date=2026-05-01/type=odd%2Ftype é/1.parquet');
      expect(Buffer.from(found ?? [])).toEqual(Buffer.from(binary));
      expect(await objects.read('a/none')).toBeNull();
    });

    test('writes an object once, whoever tries', async () => {
      const objects = await open();
      const tries = Array.from({ length: 8 }, (_, n) => objects.create('once', bytes(`by ${n}`)));
      const written = await Promise.all(tries);
      expect(written.filter(Boolean)).toHaveLength(1);
      expect(text(await objects.read('once'))).toBe(`by ${written.indexOf(true)}`);
      expect(await objects.create('once', bytes('later'))).toBe(false);
      expect(text(await objects.read('once'))).toBe(`by ${written.indexOf(true)}`);
    });

    test('lists names in the order of their bytes', async () => {
      const objects = await open();
      const names = ['l/b', 'l/a/2', 'l/a/10', 'l/a/é', 'l/a/z', 'other/x'];
      for (const each of names) await objects.create(each, bytes(each));
      expect(await objects.list('l/')).toEqual(['l/a/10', 'l/a/2', 'l/a/z', 'l/a/é', 'l/b']);
      expect(await objects.list('l/a/')).toEqual(['l/a/10', 'l/a/2', 'l/a/z', 'l/a/é']);
      expect(await objects.list('nothing/')).toEqual([]);
    });

    test('removes an object, and what is not there', async () => {
      const objects = await open();
      await objects.create('gone', bytes('1'));
      await objects.remove('gone');
      await objects.remove('gone');
      expect(await objects.read('gone')).toBeNull();
      expect(await objects.list('gone/')).toEqual([]);
      expect(await objects.create('gone', bytes('2'))).toBe(true);
    });
  });
}

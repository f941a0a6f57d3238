import { afterAll, beforeAll, expect, test } from 'vitest';
import { everydayStatements } from './everyday.suite.ts';
import { openShopStore, type ShopStore } from './shop-store.suite.ts';

let shop: ShopStore;
beforeAll(async () => {
  shop = await openShopStore();
});
afterAll(() => shop.close());

test.each(everydayStatements)('passes and runs: %s', async (source) => {
  const { sql, format, engineSettings } = await shop.guard.check(source);
  const result = await shop.store.read(sql, { format: format ?? 'TSV', settings: engineSettings });
  expect(result.bytes.byteLength).toBeGreaterThan(0);
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { allowedTableFunctions, isAllowedAggregate, isAllowedFunction } from './functions.ts';
import { openShopStore, type ShopStore } from './shop-store.suite.ts';

let shop: ShopStore;
beforeAll(async () => {
  shop = await openShopStore();
});
afterAll(() => shop.close());

const names = async (sql: string): Promise<string[]> => {
  const { bytes } = await shop.store.read(sql, { format: 'TSV' });
  return Buffer.from(bytes).toString().trim().split('\n');
};

test('a function is allowed in exactly the spellings that the engine knows', async () => {
  const insensitive = await names(
    'SELECT name FROM system.functions WHERE case_insensitive AND NOT is_aggregate',
  );
  const sensitive = await names(
    'SELECT name FROM system.functions WHERE NOT case_insensitive AND NOT is_aggregate',
  );
  for (const name of insensitive.filter(isAllowedFunction)) {
    expect([name, isAllowedFunction(name.toUpperCase())]).toEqual([name, true]);
  }
  const lowered = new Set(insensitive.map((name) => name.toLowerCase()));
  for (const name of sensitive.filter(isAllowedFunction)) {
    const other = name.toUpperCase();
    if (other === name || sensitive.includes(other) || lowered.has(name.toLowerCase())) continue;
    expect([other, isAllowedFunction(other)]).toEqual([other, false]);
  }
});

test('no function is allowed that reaches beyond its arguments', async () => {
  const all = await names('SELECT name FROM system.functions');
  const reaching =
    /^(dict|joinGet|file$|filesystem|url$|getSe|getM|getC|getOS|hasColumn|host|fqdn|tcp|server(UUID|Time)|sleep|address|demangle|log(Trace)$|initialize|catboost|evalML|ai[A-Z]|__|current(User|Profiles|Roles|Query)|query_?id|show|zookeeper|transaction|format(Row|Query)|fuzz|region|uptime|buildId|connection|shard|generateSerial|structureTo|arrayReduce|throwIf|chdb|hasThread|globalVariable|mergeTree)/i;
  const reachingNames = all.filter((name) => reaching.test(name));
  expect(reachingNames.length).toBeGreaterThan(100);
  expect(reachingNames.filter(isAllowedFunction)).toEqual([]);
});

test('one name alone is both an allowed function and a table function', async () => {
  const tables = await names('SELECT name FROM system.table_functions');
  expect(tables.filter(isAllowedFunction)).toEqual(['format']);
  expect([...allowedTableFunctions].filter((name) => !tables.includes(name))).toEqual([]);
});

test('combinators are allowed behind an allowed aggregate function only', () => {
  expect(
    ['sumIf', 'uniqState', 'avgOrNull', 'countMergeState', 'sumMapIf'].map(isAllowedAggregate),
  ).toEqual([true, true, true, true, true]);
  expect(['If', 'flameGraphIf', 'fileIf', 'sumFoo', 'lowerIf'].map(isAllowedAggregate)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});

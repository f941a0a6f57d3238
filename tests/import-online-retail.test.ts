import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inDeadStore } from './support/dead-store.ts';
import { runImport } from './support/import-process.ts';
import { sharedData } from './support/shared-data.ts';

const order = {
  file: sharedData('online_retail_2010_2011.csv.gz'),
  pipeline: 'online-retail/millrace.config.ts',
};

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'millrace-import-test-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

/** What the readers of a data folder find, each number from the events and from a rollup. */
function totals(): string[] {
  return inDeadStore(
    data,
    `SELECT
       count(), uniqExact(event_id), sum(properties.amount), countIf(late),
       uniqExact(properties.invoice), uniqExact(user_id),
       uniqExactIf(properties.invoice, type = 'cancellation'),
       (SELECT sum(lines) FROM millrace.revenue_per_day),
       (SELECT sum(revenue) FROM millrace.revenue_per_day),
       (SELECT count() FROM millrace.dead_letters)
     FROM millrace.events`,
  ).split('\t');
}

test('each row is an event, exactly, though the import is killed in the middle', {
  timeout: 300_000,
}, async () => {
  const killed = await runImport({
    ...order,
    data,
    mapping: 'online-retail/import.ts',
    env: { MILLRACE_CRASH_AT: 'log-appended:120' },
  });
  expect(killed.signal).toBe('SIGKILL');

  const resumed = await runImport({ ...order, data, mapping: 'online-retail/import.ts' });
  expect(resumed.stdout).toMatch(/Went on after row 240,000, where/);
  expect(resumed.stdout).toMatch(/301,909 rows in .* 301,909 events new, 0 duplicates, 0 refused/);
  expect(resumed.code).toBe(0);
  const expected = ['541909', '541909', '9747747.934', '0', '25900', '4372', '3836'];
  expect(totals()).toEqual([...expected, '541909', '9747747.934', '0']);

  const again = await runImport({ ...order, data, mapping: 'online-retail/import.ts' });
  expect(again.stdout).toMatch(/imported before, all 541,909 rows of it. Nothing was added/);
  const other = await runImport({ ...order, data, mapping: 'online-retail/import-by-content.ts' });
  expect(other.code).toBe(1);
  expect(other.stderr).toMatch(/imported with another mapping file.*\(import_changed\)/s);
  expect(totals()).toEqual([...expected, '541909', '9747747.934', '0']);
});

test('of equal rows the first counts', { timeout: 300_000 }, async () => {
  const run = await runImport({ ...order, data, mapping: 'online-retail/import-by-content.ts' });
  expect(run.stdout).toMatch(/541,909 rows in .* 536,641 events new, 5,268 duplicates, 0 refused/);
  const expected = ['536641', '536641', '9726006.954', '0', '25900', '4372', '3836'];
  expect(totals()).toEqual([...expected, '536641', '9726006.954', '0']);
});

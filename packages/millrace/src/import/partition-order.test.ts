import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkedDefinition } from './checked-definition.ts';
import { type MappedRow, rowMapper } from './map-row.ts';
import { partitionOf } from './partition-of.ts';
import { inPartitionOrder, type PartitionBounds } from './partition-order.ts';
import type { RawRow } from './raw-row.ts';
import type { Row } from './row.ts';
import { openRowSpool } from './row-spool.ts';
import { inFolder } from './shop-import.suite.ts';
import { ndjsonRow } from './source/ndjson.ts';

const map = rowMapper(
  checkedDefinition({
    event: (row: Row) => ({ type: row.text('type'), timestamp: row.time('at') }),
  }),
  null,
  'f'.repeat(32),
);

const rowsOf = (times: readonly [month: number, type: string][]): RawRow[] =>
  times.map(([month, type], index) =>
    ndjsonRow(JSON.stringify({ at: Date.UTC(2010, month, 5), type }), index + 1, index + 1),
  );

async function* batchesOf(rows: readonly RawRow[], size: number): AsyncGenerator<RawRow[]> {
  for (let from = 0; from < rows.length; from += size) yield rows.slice(from, from + size);
}

async function ordered(rows: readonly RawRow[], bounds: PartitionBounds, size = 7) {
  return inFolder(async (folder) => {
    const found: MappedRow[] = [];
    const open = () => openRowSpool(join(folder, 'rows'), 500);
    for await (const batch of inPartitionOrder(
      batchesOf(rows, size),
      map,
      open,
      undefined,
      bounds,
    )) {
      found.push(...batch);
    }
    return found;
  });
}

const numbers = (rows: readonly MappedRow[]): number[] => rows.map(({ raw }) => raw.number);

describe('inPartitionOrder', () => {
  it('lets a file in order of time pass as it is, however long', async () => {
    const rows = rowsOf(Array.from({ length: 60 }, (_, n) => [Math.floor(n / 3), 'a']));
    const found = await ordered(rows, { rows: 6, partitions: 3 });
    expect(numbers(found)).toEqual(rows.map(({ number }) => number));
  });

  it('sorts by month, then type, from the row on that touches too much', async () => {
    const rows = rowsOf([
      [5, 'a'],
      [5, 'a'],
      [9, 'b'],
      [1, 'a'],
      [7, 'a'],
      [1, 'b'],
      [7, 'a'],
      [1, 'a'],
    ]);
    const found = await ordered(rows, { rows: 10, partitions: 2 });
    expect(numbers(found).slice(0, 3)).toEqual([1, 2, 3]);
    const [first, second] = [numbers(found).slice(3, 6), numbers(found).slice(6)];
    expect([
      [4, 8, 6],
      [6, 4, 8],
    ]).toContainEqual(first);
    expect(second).toEqual([5, 7]);
  });

  it('gives every row once, in the same order each time, in runs that touch little', async () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.constantFrom('a', 'b', 'c'));
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 120, size: 'max' }),
        fc.integer({ min: 1, max: 50 }),
        async (times, size) => {
          const rows = rowsOf(times);
          const bounds = { rows: 20, partitions: 8 };
          const found = await ordered(rows, bounds, size);
          expect(numbers(found)).toEqual(numbers(await ordered(rows, bounds, 13)));
          expect(numbers(found).sort((a, b) => a - b)).toEqual(rows.map(({ number }) => number));
          // What was sorted never comes back to a partition.
          const partitions = found.map((each) => partitionOf(each, 'month'));
          const passed = found.findIndex((_, at) => numbers(found)[at] !== at + 1);
          const sorted = passed === -1 ? [] : partitions.slice(passed);
          const visits = sorted.filter((partition, at) => partition !== sorted[at - 1]);
          expect(new Set(visits).size).toBe(visits.length);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('RowSpool', () => {
  it('keeps cells of every kind, and the numbers of NDJSON whole', async () => {
    await inFolder(async (folder) => {
      const spool = openRowSpool(join(folder, 'rows'), 100);
      const cells = ['é', 1n, 1.5, null, [1, { a: 2n }], undefined];
      const problem = { code: 'wrong_type', message: 'why' } as const;
      const rows: RawRow[] = [
        { number: 1, cells, bytes: 60 },
        ndjsonRow('{"price":1234567890123456.78}', 2, 4),
        { number: 3, cells: ['x'], bytes: 60, problem },
      ];
      for (const row of rows) await spool.add(-row.number, row);
      const found: RawRow[] = [];
      for await (const batch of spool.rows()) found.push(...batch);
      expect(found).toEqual(rows.toReversed());
      await spool.close();
    });
  });
});

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { column, type Expression, literal, parametricCall } from './nodes.ts';
import { print } from './printer.ts';
import { openTestStore, type TestStore } from './test-store.suite.ts';

const selectOf = (expression: Expression, as: string): string =>
  print({
    node: 'select',
    select: {
      columns: [{ expression, as }],
      from: { database: 'system', table: 'one' },
      alias: 'o',
      where: null,
      groupBy: null,
    },
  });

describe('print', () => {
  let test: TestStore;
  beforeAll(async () => {
    test = await openTestStore();
  });
  afterAll(() => test.close());

  const hostile = fc.oneof(
    fc.string({
      unit: fc.constantFrom("'", '`', '\\', '"', '\n', '\t', '-', ';', '{', '}', 'a', '😀'),
    }),
    fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\0')),
  );

  it('quotes any text and any name so that the engine reads the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        hostile,
        hostile.filter((name) => name.length > 0),
        async (value, name) => {
          expect(await test.rows(selectOf(literal(value), name))).toEqual([{ [name]: value }]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('writes numbers that the engine reads exactly', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true }), async (x) => {
        const [row] = await test.rows(selectOf(literal(x), 'x'));
        expect(Number(row?.x)).toBe(x + 0);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a name of a function that is none', () => {
    expect(() =>
      print({ ...select, select: { ...select.select, where: parametricCall('a(', []) } }),
    ).toThrow(RangeError);
  });

  const select = {
    node: 'select',
    select: {
      columns: [{ expression: column('x'), as: 'x' }],
      from: { database: 'd', table: 't' },
      alias: 'a',
      where: null,
      groupBy: null,
    },
  } as const;
});

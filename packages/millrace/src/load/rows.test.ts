import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowsWithOffsets } from './rows.ts';

const line = fc
  .record({ event_id: fc.string({ unit: 'grapheme' }), n: fc.integer() })
  .map((value) => JSON.stringify(value));

test('each line keeps its content and gets its place', () => {
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1 }),
      fc.nat(2 ** 40),
      fc.nat(99),
      (lines, from, partition) => {
        const rows = rowsWithOffsets(
          {
            from,
            to: from + lines.length,
            lines: Buffer.from(lines.map((one) => `${one}\n`).join('')),
            appendedAt: 0,
          },
          partition,
        );
        const read = rows.toString().trimEnd().split('\n');
        expect(read.map((one) => JSON.parse(one))).toEqual(
          lines.map((one, n) => ({ _partition: partition, _offset: from + n, ...JSON.parse(one) })),
        );
      },
    ),
  );
});

test('a slice with fewer or more lines than offsets is not guessed at', () => {
  const slice = { from: 5, lines: Buffer.from('{"a":1}\n{"a":2}\n'), appendedAt: 0 };
  expect(() => rowsWithOffsets({ ...slice, to: 6 }, 0)).toThrow(RangeError);
  expect(() => rowsWithOffsets({ ...slice, to: 8 }, 0)).toThrow(RangeError);
});

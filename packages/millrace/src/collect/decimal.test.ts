import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalDecimal, canonicalForm } from './decimal.ts';
import { LongNumber } from './numbers.ts';
import { Refusal } from './refusals.ts';

const written = (value: unknown, precision = 18, scale = 2): string => {
  try {
    if (typeof value === 'string' && canonicalForm(precision, scale).test(value)) {
      // The short way must not differ from the long one.
      expect(canonicalDecimal(value, precision, scale, 'price')).toBe(value);
    }
    return canonicalDecimal(value, precision, scale, 'price');
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
};

describe('canonicalDecimal', () => {
  it.each([
    ['12.5', '12.50'],
    ['12', '12.00'],
    ['0012.500', '12.50'],
    ['+1', '1.00'],
    ['-0', '0.00'],
    ['-0.00', '0.00'],
    ['-0.01', '-0.01'],
    [12.5, '12.50'],
    [-0, '0.00'],
    [0.1, '0.10'],
    [1e3, '1000.00'],
    [1.5e-1, '0.15'],
    ['9999999999999999.99', '9999999999999999.99'],
    [10_000_000_000_000_000n, 'decimal_out_of_range'],
    ['10000000000000000', 'decimal_out_of_range'],
    ['0.001', 'decimal_too_precise'],
    [0.001, 'decimal_too_precise'],
    [1e-7, 'decimal_too_precise'],
    [1e21, 'decimal_out_of_range'],
    [0.1 + 0.2, 'decimal_too_precise'],
    // Read as a double it would be 99999999, and nobody would know.
    [new LongNumber('99999999.000000001'), 'decimal_too_precise'],
    [1_234_567_890_123_456n, 'decimal_too_precise'],
    ['', 'wrong_type'],
    ['.5', 'wrong_type'],
    ['5.', 'wrong_type'],
    ['1e3', 'wrong_type'],
    ['1,5', 'wrong_type'],
    [' 1', 'wrong_type'],
    ['٣', 'wrong_type'],
    ['NaN', 'wrong_type'],
    [Number.NaN, 'wrong_type'],
    [true, 'wrong_type'],
    [{}, 'wrong_type'],
  ])('writes %s as %s', (value, expected) => {
    expect(written(value)).toBe(expected);
  });

  it('has no point without a scale', () => {
    expect(written('-00', 5, 0)).toBe('0');
    expect(written('12345', 5, 0)).toBe('12345');
    expect(written('12.0', 5, 0)).toBe('12');
    expect(written('123456', 5, 0)).toBe('decimal_out_of_range');
  });

  it('has no digit before the point where all are behind it', () => {
    expect(written('0.18', 2, 2)).toBe('0.18');
    expect(written('1', 2, 2)).toBe('decimal_out_of_range');
  });

  const amount = fc.record({
    negative: fc.boolean(),
    units: fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }),
    scale: fc.integer({ min: 0, max: 18 }),
    zeros: fc.integer({ min: 0, max: 3 }),
  });

  it('keeps the value of every string that fits, and writes it in one way', () => {
    fc.assert(
      fc.property(amount, ({ negative, units, scale, zeros }) => {
        const digits = units.toString().padStart(scale + 1, '0');
        const point = digits.length - scale;
        const canonical =
          (negative && units > 0n ? '-' : '') +
          digits.slice(0, point) +
          (scale === 0 ? '' : `.${digits.slice(point)}`);
        const sent = `${negative ? '-' : ''}${'0'.repeat(zeros)}${digits.slice(0, point)}${
          scale + zeros === 0 ? '' : `.${digits.slice(point)}${'0'.repeat(zeros)}`
        }`;
        expect(written(sent, 18, scale)).toBe(canonical);
        expect(written(canonical, 18, scale)).toBe(canonical);
      }),
    );
  });

  it('reads a JSON number of 15 digits as the decimal it was written as', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n }),
        fc.integer({ min: 0, max: 15 }),
        (units, scale) => {
          const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
          const point = digits.length - scale;
          const text = `${units < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}0`;
          expect(written(JSON.parse(text), 18, scale)).toBe(written(text, 18, scale));
        },
      ),
    );
  });
});

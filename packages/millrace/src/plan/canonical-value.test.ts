import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  boolean,
  decimal,
  float64,
  int32,
  int64,
  oneOf,
  type PropertyType,
  string,
  timestamp,
  uuid,
} from '../index.ts';
import { canonicalValue } from './canonical-value.ts';

describe('canonicalValue', () => {
  it.each<[PropertyType, unknown, unknown]>([
    [string(), 'x', 'x'],
    [string(), 'a\0b', undefined],
    [string(), '\ud800', undefined],
    [string(), 7, undefined],
    [oneOf('a', 'b'), 'b', 'b'],
    [oneOf('a', 'b'), 'c', undefined],
    [boolean(), false, false],
    [boolean(), 0, undefined],
    [int32(), 2 ** 31 - 1, 2 ** 31 - 1],
    [int32(), 2 ** 31, undefined],
    [int32(), 0.5, undefined],
    [int32(), '1', undefined],
    [int64(), 2 ** 53, undefined],
    [int64(), -5, '-5'],
    [int64(), 2n ** 63n - 1n, '9223372036854775807'],
    [int64(), 2n ** 63n, undefined],
    [int64(), '-9223372036854775808', '-9223372036854775808'],
    [int64(), '-0', '0'],
    [int64(), '1.0', undefined],
    [float64(), 1e300, 1e300],
    [float64(), 1.1e300, undefined],
    [float64(), Number.NaN, undefined],
    [decimal(18, 2), '1', '1.00'],
    [decimal(18, 2), '0012.30', '12.30'],
    [decimal(18, 2), '1.2300', '1.23'],
    [decimal(18, 2), '1.234', undefined],
    [decimal(18, 2), '-0.00', '0.00'],
    [decimal(18, 2), -0.5, '-0.50'],
    [decimal(18, 2), '9999999999999999.99', '9999999999999999.99'],
    [decimal(18, 2), '10000000000000000', undefined],
    [decimal(18, 2), 1234567890123456, undefined],
    [decimal(18, 2), 1e21, undefined],
    [decimal(18, 2), '.5', undefined],
    [decimal(3, 3), '0.125', '0.125'],
    [decimal(3, 3), '1', undefined],
    [decimal(5, 0), '42.0', '42'],
    [timestamp(), new Date(7), 7],
    [timestamp(), new Date(Number.NaN), undefined],
    [timestamp(), '1970-01-01', 0],
    [timestamp(), '1970-01-01T00:00:01', 1_000],
    [timestamp(), '1970-01-01T01:00:00.5+01:00', 500],
    [timestamp(), '1970-13-01', undefined],
    [timestamp(), 'yesterday', undefined],
    [timestamp(), '1899-12-31', undefined],
    [uuid(), 'ABCDEF00-0000-4000-8000-00000000000F', 'abcdef00-0000-4000-8000-00000000000f'],
    [uuid(), 'abcdef', undefined],
  ])('of %o: %s is %s', (type, given, canonical) => {
    expect(canonicalValue(type, given)).toBe(canonical);
  });

  it('of a decimal is exact, and canonical already', () => {
    fc.assert(
      fc.property(
        fc.bigInt(-(10n ** 18n) + 1n, 10n ** 18n - 1n),
        fc.integer({ min: 0, max: 18 }),
        (unscaled, scale) => {
          const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
          const whole = digits.slice(0, digits.length - scale);
          const sign = unscaled < 0n ? '-' : '';
          const written =
            scale === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(-scale)}`;
          expect(canonicalValue(decimal(18, scale), written)).toBe(written);
          expect(canonicalValue(decimal(18, scale), `${written}${scale === 0 ? '.' : ''}000`)).toBe(
            written,
          );
        },
      ),
    );
  });
});

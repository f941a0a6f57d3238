import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LongNumber } from './numbers.ts';
import { readTime, timeMax, timeMin } from './time.ts';

describe('readTime', () => {
  it.each([
    ['2026-05-01T12:00:00.000Z', Date.UTC(2026, 4, 1, 12)],
    ['2026-05-01T12:00:00Z', Date.UTC(2026, 4, 1, 12)],
    ['2026-05-01t12:00z', Date.UTC(2026, 4, 1, 12)],
    ['2026-05-01 12:00:00.5+02:00', Date.UTC(2026, 4, 1, 10, 0, 0, 500)],
    ['2026-05-01T12:00:00.123456789-0330', Date.UTC(2026, 4, 1, 15, 30, 0, 123)],
    ['2026-05-01T12:00:00,25+02', Date.UTC(2026, 4, 1, 10, 0, 0, 250)],
    ['2026-05-01T24:00:00Z', Date.UTC(2026, 4, 2)],
    // Without an offset it is UTC, whatever the zone of this machine.
    ['2026-05-01T12:00:00', Date.UTC(2026, 4, 1, 12)],
    ['2026-05-01', Date.UTC(2026, 4, 1)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['1969-12-31T23:59:59.999Z', -1],
    [1_700_000_000_123, 1_700_000_000_123],
    [1_700_000_000_123.9, 1_700_000_000_123],
    [new LongNumber('1700000000123.456789'), 1_700_000_000_123],
    [-1, -1],
    [0, 0],
  ])('reads %s', (value, expected) => {
    expect(readTime(value)).toBe(expected);
  });

  it.each([
    '2026-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-05-01T25:00:00Z',
    '2026-05-01T24:00:01Z',
    '2026-05-01T12:60:00Z',
    '2026-05-01T23:59:60Z',
    '2026-05-01T12:00:00+24:00',
    '2026-05-01T12:00:00+02:60',
    '2026-05-01T12:00:00.Z',
    '2026-05-01T12',
    '2026-05-32T12:00:00.000Z',
    '2026-02-30T12:00:00.000Z',
    '2026-05-01T24:00:00.001Z',
    '2026-05-01T12:60:00.000Z',
    '2026-0a-01T12:00:00.000Z',
    '2026-05-01T12:00:00.00-Z',
    '2026-5-1',
    'May 1 2026',
    '1700000000123',
    '',
    ' 2026-05-01',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    true,
    {},
    [],
  ])('takes %s for no time', (value) => {
    expect(readTime(value)).toBeNull();
  });

  it('reads back what Date writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: timeMin, max: timeMax }), (time) => {
        expect(readTime(new Date(time).toISOString())).toBe(time);
      }),
    );
  });

  it('agrees with Date about every offset', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(timeMin), max: new Date(timeMax), noInvalidDate: true }),
        fc.integer({ min: -23 * 60, max: 23 * 60 }),
        (date, minutes) => {
          const sign = minutes < 0 ? '-' : '+';
          const [h, m] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
          const offset = `${sign}${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`;
          const text = date.toISOString().replace('Z', offset);
          expect(readTime(text)).toBe(Date.parse(text));
        },
      ),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationMaxMs, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  it.each([
    ['0s', 0],
    ['500ms', 500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['90d', 7_776_000_000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    's',
    '10',
    '10 s',
    '1.5h',
    '-1s',
    '1e3s',
    '1h30m',
    '10S',
    '999999999999999d',
    7,
    null,
  ])('does not read %s', (text) => {
    expect(parseDuration(text)).toBe(undefined);
  });

  it('gives whole milliseconds within its limit, or nothing', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom('ms', 's', 'm', 'h', 'd'), (n, unit) => {
        const ms = parseDuration(`${n}${unit}`);
        expect(ms === undefined || (Number.isInteger(ms) && ms <= durationMaxMs)).toBe(true);
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLocalTime } from './read-time.ts';
import { zoneOf } from './zone.ts';

const read = (text: string, zone: string, pattern?: string): string | null => {
  const time = readLocalTime(text, zoneOf(zone), pattern);
  return time === null ? null : new Date(time).toISOString().replace('.000Z', 'Z');
};

describe('a time without an offset', () => {
  it.each([
    ['2010-12-01 08:26:00', 'UTC', '2010-12-01T08:26:00Z'],
    ['2010-12-01 08:26:00', 'Europe/London', '2010-12-01T08:26:00Z'],
    ['2011-07-01 08:26:00', 'Europe/London', '2011-07-01T07:26:00Z'],
    ['2011-07-01', 'Europe/London', '2011-06-30T23:00:00Z'],
    ['2011-07-01 00:00', 'Asia/Kolkata', '2011-06-30T18:30:00Z'],
    ['2011-07-01 00:00', 'America/St_Johns', '2011-07-01T02:30:00Z'],
    // Samoa left out 30 December 2011: one that is not there is read with the offset before.
    ['2011-12-29 12:00', 'Pacific/Apia', '2011-12-29T22:00:00Z'],
    ['2011-12-30 12:00', 'Pacific/Apia', '2011-12-30T22:00:00Z'],
    ['2011-12-31 12:00', 'Pacific/Apia', '2011-12-30T22:00:00Z'],
  ])('%s in %s is %s', (text, zone, expected) => {
    expect(read(text, zone)).toBe(expected);
  });

  it('that is left out in spring is read as if the clock had not been changed', () => {
    expect(read('2011-03-27 00:59:59', 'Europe/London')).toBe('2011-03-27T00:59:59Z');
    expect(read('2011-03-27 01:30:00', 'Europe/London')).toBe('2011-03-27T01:30:00Z');
    expect(read('2011-03-27 02:30:00', 'Europe/London')).toBe('2011-03-27T01:30:00Z');
    expect(read('2011-03-13 02:30:00', 'America/New_York')).toBe('2011-03-13T07:30:00Z');
  });

  it('that comes twice in autumn is the first of the two', () => {
    expect(read('2011-10-30 00:59:59', 'Europe/London')).toBe('2011-10-29T23:59:59Z');
    expect(read('2011-10-30 01:30:00', 'Europe/London')).toBe('2011-10-30T00:30:00Z');
    expect(read('2011-10-30 02:00:00', 'Europe/London')).toBe('2011-10-30T02:00:00Z');
    expect(read('2011-11-06 01:30:00', 'America/New_York')).toBe('2011-11-06T05:30:00Z');
  });

  it('is the wall-clock time that the zone shows at that instant, unless it is left out', () => {
    const zones = ['Europe/London', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(1970, 0), max: Date.UTC(2037, 0) }),
        (name, instant) => {
          const wall = wallClock(instant, name);
          const found = zoneOf(name).epochOf(wall);
          expect(wallClock(found, name)).toBe(wall);
          expect(found).toBeLessThanOrEqual(instant);
        },
      ),
    );
  });
});

/** What a clock on the wall shows, as epoch ms, as if it hung in UTC. */
function wallClock(instant: number, timeZone: string): number {
  const text = new Date(instant).toLocaleString('sv-SE', { timeZone });
  return Date.parse(`${text.replace(' ', 'T')}Z`) + (((instant % 1000) + 1000) % 1000);
}

describe('a time in text', () => {
  it('keeps the offset it has, whatever the zone', () => {
    expect(read('2011-07-01T08:26:00Z', 'Europe/London')).toBe('2011-07-01T08:26:00Z');
    expect(read('2011-07-01 08:26+05:30', 'Europe/London')).toBe('2011-07-01T02:56:00Z');
    expect(read('2011-07-01 08:26:00.5-0100', 'Europe/London')).toBe('2011-07-01T09:26:00.500Z');
  });

  it.each([
    ['1/7/2011 8:26', 'D/M/YYYY H:mm', '2011-07-01T07:26:00Z'],
    ['07/01/2011 08:26:05 PM', 'MM/DD/YYYY hh:mm:ss A', '2011-07-01T19:26:05Z'],
    ['07/01/2011 12:00 am', 'MM/DD/YYYY hh:mm A', '2011-06-30T23:00:00Z'],
    ['01.07.2011', 'DD.MM.YYYY', '2011-06-30T23:00:00Z'],
    ['20110701T082600.250Z', 'YYYYMMDDTHHmmss.SSSZ', '2011-07-01T08:26:00.250Z'],
  ])('%s fits %s', (text, pattern, expected) => {
    expect(read(text, 'Europe/London', pattern)).toBe(expected);
  });

  it.each([
    ['31/02/2011', 'DD/MM/YYYY'],
    ['2011-07-01', 'DD/MM/YYYY'],
    ['13:00 1/1/2011 pm', 'hh:mm D/M/YYYY A'],
    ['yesterday', undefined],
    ['1309508760', undefined],
    ['', undefined],
  ])('%j is no time (%s)', (text, pattern) => {
    expect(read(text, 'UTC', pattern)).toBeNull();
  });

  it('needs a pattern with a whole date, each part once', () => {
    for (const pattern of ['MM/DD', 'DD/MM/YYYY DD', 'HH:mm']) {
      expect(() => read('x', 'UTC', pattern)).toThrow(/must have a year/);
    }
  });
});

it('refuses a zone that is none', () => {
  expect(() => zoneOf('Europe/Londn')).toThrow(/no time zone "Europe\/Londn"/);
});

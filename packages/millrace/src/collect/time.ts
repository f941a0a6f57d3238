import { LongNumber } from './numbers.ts';
import { Refusal } from './refusals.ts';

/** What the store can hold: DateTime64 covers the years 1900 to 2299. */
export const timeMin = Date.UTC(1900, 0, 1);
export const timeMax = Date.UTC(2300, 0, 1) - 1;

const iso =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/;

/**
 * A point in time as epoch milliseconds, or null if `value` is none.
 *
 * A string is ISO 8601: a date, or a date and a time with an offset; without
 * one it is UTC. Digits beyond milliseconds are cut. A number is milliseconds
 * since the Unix epoch, never seconds.
 */
export function readTime(value: unknown): number | null {
  if (value instanceof LongNumber) return readTime(value.value);
  if (typeof value === 'number') return Number.isFinite(value) ? Math.floor(value) : null;
  if (typeof value !== 'string') return null;
  const match = iso.exec(value);
  if (match === null) return null;
  const [, years = '', months = '', days = '', hours = '0', minutes = '0', seconds = '0'] = match;
  const [year, month, day] = [Number(years), Number(months), Number(days)];
  const [hour, minute, second] = [Number(hours), Number(minutes), Number(seconds)];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  // 24:00 is the end of the day; a leap second has no number of its own in epoch time.
  if (hour > 24 || minute > 59 || second > 59 || (hour === 24 && minute + second > 0)) return null;
  const offset = offsetMinutes(match[8]);
  if (offset === null) return null;
  const ms = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const date = new Date(0);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + ms;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function offsetMinutes(text: string | undefined): number | null {
  if (text === undefined || text === 'Z' || text === 'z') return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return null;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

/** @throws Refusal `bad_timestamp`. */
export function requireTime(value: unknown, name: string): number {
  const time = readTime(value);
  if (time === null) {
    throw new Refusal(
      'bad_timestamp',
      `${name} is neither ISO 8601 (as 2026-05-01T12:00:00.000Z) nor a number of milliseconds since 1970.`,
    );
  }
  return time;
}

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
  return readUtc(value) ?? readIso(value);
}

/**
 * The form that `Date.prototype.toISOString` writes, 2026-05-01T12:00:00.000Z.
 * Nearly every timestamp has it, and read this way it costs a tenth. Null for
 * any other form, and for what is not quite right in this one.
 */
function readUtc(text: string): number | null {
  if (text.length !== 24 || text[10] !== 'T' || text[23] !== 'Z') return null;
  if (text[4] !== '-' || text[7] !== '-' || text[13] !== ':') return null;
  if (text[16] !== ':' || text[19] !== '.') return null;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  const ms = twoDigits(text, 20) * 10 + digit(text, 22);
  // NaN is below and above nothing.
  if (!(year >= 1900 && month >= 1 && month <= 12)) return null;
  if (!(day >= 1 && day <= daysIn(year, month))) return null;
  if (!(hour <= 23 && minute <= 59 && second <= 59 && ms <= 999)) return null;
  return Date.UTC(year, month - 1, day, hour, minute, second, ms);
}

const twoDigits = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1);

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 0x30;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}

function readIso(text: string): number | null {
  const match = iso.exec(text);
  if (match === null) return null;
  const [, years = '', months = '', days = '', hours = '0', minutes = '0', seconds = '0'] = match;
  const [year, month, day] = [Number(years), Number(months), Number(days)];
  const [hour, minute, second] = [Number(hours), Number(minutes), Number(seconds)];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  // A leap second has no number of its own in epoch time.
  if (hour > 24 || minute > 59 || second > 59) return null;
  // 24:00 is the end of the day, and nothing is later.
  if (hour === 24 && minute + second + Number(match[7] ?? '0') > 0) return null;
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

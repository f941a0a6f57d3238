import { locale } from './language.ts';

const decimal = /^-?\d+(?:\.(\d+))?$/;

const isDecimal = (text: string): text is `${number}` => decimal.test(text);

/** What stands for a value that is not there. */
export const none = '–';

/** A number, or exact decimal text with all its digits, as the language writes it. */
export function grouped(value: number | string | null | undefined): string {
  if (value === null || value === undefined) return none;
  if (typeof value === 'number') return new Intl.NumberFormat(locale.value).format(value);
  if (!isDecimal(value)) return value;
  const digits = decimal.exec(value)?.[1]?.length ?? 0;
  return new Intl.NumberFormat(locale.value, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/** A measured number with as many digits as a reader wants. */
export const rounded = (value: number): string =>
  new Intl.NumberFormat(locale.value, { maximumSignificantDigits: 4 }).format(value);

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Milliseconds, in the largest unit of which there is one. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return none;
  const unit = (value: number, name: string, digits: number): string =>
    new Intl.NumberFormat(locale.value, {
      style: 'unit',
      unit: name,
      maximumFractionDigits: digits,
    }).format(value);
  if (ms < secondMs) return unit(Math.round(ms), 'millisecond', 0);
  if (ms < minuteMs) return unit(ms / secondMs, 'second', 1);
  if (ms < hourMs) return unit(ms / minuteMs, 'minute', 1);
  return ms < dayMs ? unit(ms / hourMs, 'hour', 1) : unit(ms / dayMs, 'day', 1);
}

/** A share, of which 1 is all; null where there is nothing to be a share of. */
export const percent = (share: number | null): string =>
  share === null
    ? none
    : new Intl.NumberFormat(locale.value, {
        style: 'percent',
        maximumFractionDigits: 1,
      }).format(share);

const byteUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Bytes, in the unit that leaves the fewest digits. */
export function bytes(count: number): string {
  const step = Math.min(byteUnits.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return new Intl.NumberFormat(locale.value, {
    style: 'unit',
    unit: byteUnits[step] ?? 'byte',
    maximumSignificantDigits: 3,
  }).format(count / 1_000 ** step);
}

/** A value of an answer: exact text stays exact, floats are cut, lists are joined. */
export function figure(value: unknown): string {
  if (value === null || value === undefined) return none;
  if (Array.isArray(value)) return value.map(figure).join(' / ');
  if (typeof value === 'number') return rounded(value);
  return typeof value === 'string' ? grouped(value) : String(value);
}

import { language } from './language.ts';

const decimal = /^-?\d+(?:\.(\d+))?$/;

const isDecimal = (text: string): text is `${number}` => decimal.test(text);

/** A number, or exact decimal text with all its digits, as the language writes it. */
export function grouped(value: number | string): string {
  if (typeof value === 'number') return new Intl.NumberFormat(language.value).format(value);
  if (!isDecimal(value)) return value;
  const digits = decimal.exec(value)?.[1]?.length ?? 0;
  return new Intl.NumberFormat(language.value, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/** A measured number with as many digits as a reader wants. */
export const rounded = (value: number): string =>
  new Intl.NumberFormat(language.value, { maximumSignificantDigits: 4 }).format(value);

/** Milliseconds. */
export function duration(ms: number): string {
  const unit = (value: number, name: 'millisecond' | 'second', digits: number): string =>
    new Intl.NumberFormat(language.value, {
      style: 'unit',
      unit: name,
      maximumFractionDigits: digits,
    }).format(value);
  return ms < 1_000 ? unit(Math.round(ms), 'millisecond', 0) : unit(ms / 1_000, 'second', 1);
}

/** A value of an answer: exact text stays exact, floats are cut, lists are joined. */
export function figure(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (Array.isArray(value)) return value.map(figure).join(' / ');
  if (typeof value === 'number') return rounded(value);
  return typeof value === 'string' ? grouped(value) : String(value);
}

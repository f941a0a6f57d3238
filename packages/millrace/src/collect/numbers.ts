import { parse } from 'lossless-json';

/**
 * A number that came with a fraction or an exponent and more than 15
 * significant digits: more than a double is sure to keep.
 */
export class LongNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get value(): number {
    return Number(this.text);
  }
}

const longRun = 16;

/**
 * False only if no number in this JSON text could lose digits in a double: no
 * value starts with 16 digits or more, a point among them or not.
 *
 * Each body is searched for it, so most of it is skipped: so many on end have
 * one at each 16th place.
 */
export function mayLoseDigits(text: string): boolean {
  for (let at = longRun - 1; at < text.length; at += longRun) {
    if (!isOfNumber(text.charCodeAt(at))) continue;
    let from = at;
    while (from > 0 && isOfNumber(text.charCodeAt(from - 1))) from -= 1;
    let to = at + 1;
    while (to < text.length && isOfNumber(text.charCodeAt(to))) to += 1;
    if (to - from >= longRun && valueStart.test(text.slice(Math.max(0, from - 2), from + 1))) {
      return true;
    }
    at = to;
  }
  return false;
}

const isOfNumber = (code: number): boolean => (code >= 0x30 && code <= 0x39) || code === 0x2e;

const valueStart = /[:,[\s]-?\d$/;

/**
 * Like JSON.parse, but integers outside ±2^53 arrive as bigint and other long
 * numbers as LongNumber. Some thirty times slower, so it is only used where
 * `mayLoseDigits`.
 *
 * @throws SyntaxError, or RangeError when nested too deep for the stack.
 */
export const parseExactly = (text: string): unknown =>
  parse(text, null, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });

/** The largest double has 309 digits. Reading millions of them exactly would take minutes. */
const digitsMax = 400;

function parseNumber(text: string): number | bigint | LongNumber {
  if (text.length > digitsMax) {
    return /[.eE]/.test(text) ? new LongNumber(text) : BigInt(text.slice(0, digitsMax));
  }
  const value = Number(text);
  if (/^-?\d+$/.test(text)) return Number.isSafeInteger(value) ? value : BigInt(text);
  return significantDigits(text) > 15 ? new LongNumber(text) : value;
}

/** Of a JSON number: its digits without exponent, leading and trailing zeros. */
export function significantDigits(text: string): number {
  const mantissa = text.replace(/[eE].*$/, '').replace(/[-.]/g, '');
  return mantissa.replace(/^0+/, '').replace(/0+$/, '').length;
}

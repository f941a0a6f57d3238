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

/** 16 digits or more, a point among them or not, where a JSON value starts. */
const longNumber = /[:,[\s]-?\d[\d.]{15}/;

/** False only if no number in this JSON text could lose digits in a double. */
export const mayLoseDigits = (text: string): boolean => longNumber.test(text);

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

import { LongNumber, significantDigits } from './numbers.ts';
import { Refusal } from './refusals.ts';

/** Room for many needless zeros, and little work for millions of them. */
const lengthMax = 400;

const plain = /^([+-]?)(\d+)(?:\.(\d+))?$/;

/** Matches positive decimals that are written as they should be already: most of them are. */
export const canonicalForm = (precision: number, scale: number): RegExp => {
  const before = precision - scale;
  const integer = before === 0 ? '0' : `(?:0|[1-9]\\d{0,${before - 1}})`;
  return new RegExp(`^${integer}${scale === 0 ? '' : `\\.\\d{${scale}}`}$`);
};

/**
 * A decimal as text with exactly `scale` digits after the point. It comes as a
 * string (`"12.5"`), or as a JSON number of at most 15 significant digits, read
 * in its shortest decimal form. Digits that do not fit are refused, never cut.
 *
 * @throws Refusal `wrong_type`, `decimal_out_of_range`, `decimal_too_precise`.
 */
export function canonicalDecimal(
  value: unknown,
  precision: number,
  scale: number,
  path: string,
): string {
  const text = textOf(value, path);
  const match = text.length > lengthMax ? null : plain.exec(text);
  if (match === null) {
    throw new Refusal('wrong_type', `${path} must be a decimal, as "12.50".`);
  }
  const [, sign = '', integer = '', fraction = ''] = match;
  const kept = fraction.replace(/0+$/, '');
  if (kept.length > scale) {
    throw new Refusal(
      'decimal_too_precise',
      `${path} has ${kept.length} digits after the point; decimal(${precision}, ${scale}) has ${scale}.`,
    );
  }
  const whole = integer.replace(/^0+(?=\d)/, '');
  if (whole !== '0' && whole.length > precision - scale) {
    throw new Refusal(
      'decimal_out_of_range',
      `${path} has ${whole.length} digits before the point; decimal(${precision}, ${scale}) has ${precision - scale}.`,
    );
  }
  const negative = sign === '-' && (whole !== '0' || kept !== '') ? '-' : '';
  return scale === 0 ? negative + whole : `${negative}${whole}.${kept.padEnd(scale, '0')}`;
}

function textOf(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') {
    const text = String(value);
    if (significantDigits(text) > 15) throw tooManyDigits(path);
    return text.includes('e') ? withoutExponent(text) : text;
  }
  if (typeof value === 'bigint') {
    const text = String(value);
    if (significantDigits(text) > 15) throw tooManyDigits(path);
    return text;
  }
  if (value instanceof LongNumber) throw tooManyDigits(path);
  throw new Refusal('wrong_type', `${path} must be a decimal, as "12.50".`);
}

const tooManyDigits = (path: string): Refusal =>
  new Refusal(
    'decimal_too_precise',
    `${path} is a JSON number with more than 15 significant digits, which many readers would round; send it as a string.`,
  );

/** `1.5e-7` as `0.00000015`. */
function withoutExponent(text: string): string {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const negative = mantissa.startsWith('-');
  const [integer = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const shift = Number(exponent);
  const digits =
    shift < 0
      ? `${'0'.repeat(-shift)}${integer}${fraction}`
      : `${integer}${fraction.padEnd(shift, '0')}`;
  const point = shift < 0 ? integer.length : integer.length + shift;
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}0`;
}

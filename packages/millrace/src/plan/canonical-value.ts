import type { DecimalType, PropertyType } from '../define/property.ts';

/**
 * A value of a definition in the one form that plans use: decimals and int64 as
 * strings, times as epoch milliseconds, uuids in lower case.
 *
 * @returns undefined if the value does not fit the type exactly.
 */
export const canonicalValue = (
  type: PropertyType,
  value: unknown,
): string | number | boolean | undefined => {
  switch (type.kind) {
    case 'string':
      return isText(value) ? value : undefined;
    case 'enum':
      return typeof value === 'string' && type.values.includes(value) ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'int32':
      return typeof value === 'number' && (value | 0) === value ? value + 0 : undefined;
    case 'int64':
      return int64(value);
    case 'float64':
      return typeof value === 'number' && Math.abs(value) <= 1e300 ? value + 0 : undefined;
    case 'decimal':
      return decimal(type, value);
    case 'timestamp':
      return epochMs(value);
    case 'uuid':
      return typeof value === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value)
        ? value.toLowerCase()
        : undefined;
    default:
      return undefined;
  }
};

/** A string that every store and every encoding can hold: no NUL, no lone surrogate. */
export const isText = (value: unknown): value is string =>
  typeof value === 'string' && !/[\0\p{Surrogate}]/u.test(value);

const int64 = (value: unknown): string | undefined => {
  const exact =
    typeof value === 'bigint' ||
    (typeof value === 'number' && Number.isSafeInteger(value)) ||
    (typeof value === 'string' && /^-?\d{1,19}$/.test(value));
  if (!exact) return undefined;
  const integer = BigInt(value);
  return BigInt.asIntN(64, integer) === integer ? integer.toString() : undefined;
};

/** Excess digits are refused, not cut. A number counts in its shortest decimal form. */
const decimal = ({ precision, scale }: DecimalType, value: unknown): string | undefined => {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const [, sign, whole, fraction = ''] = /^(-?)0*(\d+?)(?:\.(\d*?)0*)?$/.exec(String(value)) ?? [];
  if (whole === undefined || fraction.length > scale) return undefined;
  const integerDigits = whole === '0' ? 0 : whole.length;
  if (integerDigits > precision - scale) return undefined;
  if (typeof value === 'number' && integerDigits + fraction.length > 15) return undefined;
  const digits = scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, '0')}`;
  return /[1-9]/.test(digits) ? `${sign}${digits}` : digits;
};

const isoTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(?<offset>Z|[+-]\d\d:\d\d)?)?$/;

/** A date without a time is midnight, a time without an offset is UTC. */
const epochMs = (value: unknown): number | undefined => {
  if (value instanceof Date) return inRange(value.getTime());
  const match = typeof value === 'string' ? isoTime.exec(value) : null;
  if (!match) return undefined;
  const [text] = match;
  const isLocal = text.includes('T') && match.groups?.offset === undefined;
  return inRange(Date.parse(isLocal ? `${text}Z` : text));
};

/** The years 1900 to 2299, which is what DateTime64 holds. */
const inRange = (ms: number): number | undefined =>
  ms >= Date.UTC(1900, 0, 1) && ms < Date.UTC(2300, 0, 1) ? ms : undefined;

import { MillraceError } from '../errors.ts';

const fields: { readonly [token: string]: string } = {
  YYYY: '(?<year>\\d{4})',
  MM: '(?<month>\\d\\d)',
  M: '(?<month>\\d\\d?)',
  DD: '(?<day>\\d\\d)',
  D: '(?<day>\\d\\d?)',
  HH: '(?<hour>\\d\\d)',
  H: '(?<hour>\\d\\d?)',
  hh: '(?<hour12>\\d\\d)',
  h: '(?<hour12>\\d\\d?)',
  mm: '(?<minute>\\d\\d)',
  ss: '(?<second>\\d\\d)',
  SSS: '(?<fraction>\\d{3})',
  A: '(?<half>[AaPp][Mm])',
  Z: '(?<offset>Z|[+-]\\d\\d:?\\d\\d)',
};
const token = /YYYY|MM?|DD?|HH?|hh?|mm|ss|SSS|A|Z/g;

const patterns = new Map<string, (text: string) => string | null>();

/**
 * Compiles a pattern such as `DD/MM/YYYY HH:mm` into a function that writes
 * such a time as ISO 8601; null for a text that does not fit. Tokens: YYYY, MM
 * or M, DD or D, HH or H (0 to 23), hh or h with A (1 to 12, am or pm), mm, ss,
 * SSS, Z (an offset). All else stands for itself.
 *
 * @throws MillraceError `import_invalid` for a pattern without a whole date.
 */
export function timePattern(pattern: string): (text: string) => string | null {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const compiled = compile(pattern);
  patterns.set(pattern, compiled);
  return compiled;
}

function compile(pattern: string): (text: string) => string | null {
  const tokens: readonly string[] = pattern.match(token) ?? [];
  const has = (...any: string[]): boolean => any.some((each) => tokens.includes(each));
  const twice = tokens.some(
    (each, index) =>
      nameOf(each) !== '' && tokens.findIndex((other) => nameOf(other) === nameOf(each)) !== index,
  );
  if (!has('YYYY') || !has('MM', 'M') || !has('DD', 'D') || twice) {
    throw new MillraceError(
      'import_invalid',
      `The pattern ${JSON.stringify(pattern)} must have a year (YYYY), a month (MM or M) and a day (DD or D), each once.`,
    );
  }
  const source = pattern
    .split(/(YYYY|MM?|DD?|HH?|hh?|mm|ss|SSS|A|Z)/)
    .map((piece) => fields[piece] ?? piece.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
    .join('');
  const shape = new RegExp(`^${source}$`);
  return (text) => {
    const groups = shape.exec(text)?.groups;
    return groups === undefined ? null : isoOf(groups);
  };
}

const nameOf = (each: string): string => /<(\w+)>/.exec(fields[each] ?? '')?.[1] ?? '';

function isoOf(groups: { readonly [name: string]: string | undefined }): string | null {
  const { year, month = '', day = '', minute = '00', second = '00', fraction = '000' } = groups;
  const hour = hourOf(groups);
  if (hour === null) return null;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return `${date}T${hour.padStart(2, '0')}:${minute}:${second}.${fraction}${groups.offset ?? ''}`;
}

function hourOf({
  hour,
  hour12,
  half,
}: {
  readonly [name: string]: string | undefined;
}): string | null {
  if (hour12 === undefined) return hour ?? '00';
  const number = Number(hour12);
  if (number < 1 || number > 12 || half === undefined) return null;
  return String((number % 12) + (half.toLowerCase() === 'pm' ? 12 : 0));
}

import type { Random } from '../random.ts';

// JSON as text, so that there can be in it what no value of JavaScript holds:
// names that come twice, numbers of any length, escapes of half a character.

const strings = [
  ...['""', '"a"', '"view"', '"2026-05-01T12:00:00Z"', '"12.50"', '"1e999"', '"null"', '"😀"'],
  ...['"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\n\\t\\""', '"\u202e"'],
  ...['"__proto__"', '"constructor"', '"a%2Eb"', '"\'; DROP TABLE events; --"', '"{x:String}"'],
];

const numbers = [
  ...['0', '-0', '-0.0', '1', '1.50', '1e999', '-1e999', '1e-400', '1e308', '5e-324', '1E5'],
  ...['12345678901234567890', '-9223372036854775809', '9007199254740993', '2147483648'],
  ...['0.12345678901234567', '1234567890123456.78', '1778752800000', '0.30000000000000004'],
];

/** Not JSON, though some readers take it. */
const almostValues = [
  ...[
    '01',
    '+1',
    '.5',
    '1.',
    'NaN',
    'Infinity',
    '0x10',
    "'a'",
    'undefined',
    'True',
    '"\\x"',
    '"\\u12"',
  ],
  ...['"a', '"\n"', '"\0"', '[1,]', '{"a":1,}', '{a:1}', '/* */1', ''],
];

const names = [
  ...['a', 'b', 'text', 'amount', '__proto__', 'constructor', 'toString', 'hasOwnProperty'],
  ...['prototype', '', 'a.b', 'a%2Eb', '`', ':Int64', '^a', 'a[]', '\\u0000', '\\ud800', 'size0'],
];

/** Lengths around every limit there is. */
const lengths = [
  ...[1, 127, 128, 129, 1_000, 16_384, 65_536],
  ...[512 * 1024 - 200, 512 * 1024, 512 * 1024 + 1],
];

const depths = [5, 29, 30, 31, 32, 33, 34, 100, 5_000];

export function stringText(random: Random): string {
  if (random.chance(0.98)) return random.pick(strings);
  // The longest are rare, or nothing but them would be sent.
  const length = lengths[Math.floor(random.next() ** 3 * lengths.length)] ?? 1;
  return `"${random.pick(['x', 'é', ' ', '0', '\\u0041']).repeat(length)}"`;
}

export function numberText(random: Random): string {
  if (random.chance(0.85)) return random.pick(numbers);
  const digits = String(random.between(1, 9)).repeat(random.between(1, 400));
  return random.pick([digits, `-${digits}`, `0.${digits}`, `${digits}e-${digits.length}`]);
}

export const nameText = (random: Random): string => `"${random.pick(names)}"`;

export function valueText(random: Random, depth = 0): string {
  const kind = random.next();
  if (kind < 0.3) return stringText(random);
  if (kind < 0.5) return numberText(random);
  if (kind < 0.65) return random.pick(['true', 'false', 'null', '[]', '{}', '[null]', '[[]]']);
  if (kind < 0.66) return random.pick(almostValues);
  if (kind < 0.68) return nested(random);
  if (depth > 4) return '1';
  const items = Array.from({ length: random.between(0, 4) }, () => depth + 1);
  return kind < 0.8
    ? `[${items.map((deeper) => valueText(random, deeper)).join(',')}]`
    : objectText(
        items.map((deeper) => [nameText(random), valueText(random, deeper)] as const),
        random,
      );
}

function nested(random: Random): string {
  const depth = random.pick(depths);
  return random.chance(0.5)
    ? '['.repeat(depth) + ']'.repeat(depth)
    : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

/** An object of members that are text already; now and then one of them comes twice. */
export function objectText(
  members: readonly (readonly [name: string, value: string])[],
  random: Random,
): string {
  const all =
    random.chance(0.05) && members.length > 0 ? [...members, random.pick(members)] : members;
  const space = random.chance(0.05) ? random.pick([' ', '\n', '\r\n\t']) : '';
  return `{${all.map(([name, value]) => `${space}${name}${space}:${space}${value}`).join(',')}}`;
}

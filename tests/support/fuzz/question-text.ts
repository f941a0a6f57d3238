import type { Random } from '../random.ts';
import { nameText, numberText, objectText, stringText, valueText } from './json-text.ts';

// Questions of `everything.config.ts` as JSON: most of them right, others with
// something in a place where it does not belong.

const fields = [
  ...['text', 'color', 'flag', 'small', 'large', 'ratio', 'amount', 'at', 'ref', 'address.city'],
  ...['type', 'user_id', 'event_id', 'timestamp', 'late', 'session_id'],
];
const wrongFields = ['nope', 'numbers', 'items', 'address', '__proto__', '', 'properties.text'];
const ordered = ['small', 'large', 'ratio', 'amount', 'at'];
const summed = ['small', 'large', 'ratio', 'amount'];

const quoted = (text: string): string => JSON.stringify(text);

/** Now and then something else stands in its place. */
const mostly = (random: Random, right: string): string =>
  random.chance(0.985) ? right : valueText(random);

const fieldText = (random: Random, among: readonly string[] = fields): string =>
  mostly(random, quoted(random.chance(0.98) ? random.pick(among) : random.pick(wrongFields)));

const some = (random: Random, most: number, make: () => string): readonly string[] =>
  Array.from({ length: random.between(1, most) }, make);

const list = (items: readonly string[]): string => `[${items.join(',')}]`;

function measureText(random: Random): string {
  const kind = random.pick(['count', 'sum', 'min', 'max', 'avg', 'uniq', 'quantiles']);
  const among = kind === 'uniq' ? fields : kind === 'min' || kind === 'max' ? ordered : summed;
  const levels = list(some(random, 3, () => random.pick(['0', '0.5', '0.99', '1', '2', '-1'])));
  return mostly(
    random,
    objectText(
      [
        ['"kind"', mostly(random, quoted(kind))],
        ...(kind === 'count' ? [] : [['"field"', fieldText(random, among)] as const]),
        ...(kind === 'quantiles' ? [['"levels"', mostly(random, levels)] as const] : []),
      ],
      random,
    ),
  );
}

const compared: { readonly [field: string]: readonly string[] } = {
  text: ['"a"', '""', '"\\u0000"', '"it\'s"', '"\\\\"'],
  color: ['"red"', '"green"', '"blue"'],
  flag: ['true', 'false'],
  small: ['0', '-2147483648', '2147483648', '1.5'],
  large: ['"9223372036854775807"', '"-9223372036854775809"', '1', '1e3'],
  ratio: ['0.5', '-0.0', '1e300', '1e301'],
  amount: ['"12.5000"', '"0.00001"', '99999999999999.9999', '"1e3"'],
  at: ['"2026-05-01T12:00:00Z"', '0', '"yesterday"'],
};

function whereText(random: Random, depth = 0): string {
  const members = some(random, 3, () => '').map((): readonly [string, string] => {
    if (depth < 4 && random.chance(0.2)) {
      const name = random.pick(['or', 'and', 'not']);
      const inner = list(some(random, 3, () => whereText(random, depth + 1)));
      return [quoted(name), name === 'not' ? whereText(random, depth + 1) : inner];
    }
    const field = random.pick(Object.keys(compared));
    const value = (): string => mostly(random, random.pick(compared[field] ?? ['1']));
    const operator = random.pick(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'exists', 'nope']);
    const operand = operator === 'in' ? list(some(random, 4, value)) : value();
    return [
      random.chance(0.98) ? quoted(field) : nameText(random),
      random.chance(0.3) ? value() : objectText([[quoted(operator), operand]], random),
    ];
  });
  return mostly(random, objectText(members, random));
}

const times = [
  ...['"2026-05-01T00:00:00Z"', '"2026-05-01T00:30:00.123+02:00"', '1777593600000', '0'],
  ...['"2299-12-31T23:59:59Z"', '"1900-01-01T00:00:00Z"', '"2300-01-01T00:00:00Z"', '-1', '1e30'],
];
const zones = ['UTC', 'Europe/London', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Mars', '../UTC'];
const widths = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'];

export function questionText(random: Random): string {
  const from = random.pick(['"everything"', '["everything"]', '["everything","nope"]', '"*"']);
  const now = Date.now();
  const maybe = (share: number, name: string, make: () => string): (readonly [string, string])[] =>
    random.chance(share) ? [[quoted(name), mostly(random, make())]] : [];
  const isFilled = random.chance(0.15);
  return objectText(
    [
      ['"from"', mostly(random, random.chance(0.9) ? '"everything"' : from)],
      [
        '"measures"',
        mostly(
          random,
          objectText(
            some(random, 3, () => measureText(random)).map(
              (measure, at) =>
                [random.chance(0.98) ? `"m${at}"` : nameText(random), measure] as const,
            ),
            random,
          ),
        ),
      ],
      ...maybe(0.4, 'by', () => list(some(random, 3, () => fieldText(random)))),
      ...maybe(0.4, 'where', () => whereText(random)),
      ...(isFilled
        ? [
            ['"every"', random.pick(['"hour"', '"minute"', '"day"'])] as const,
            ['"since"', String(now - random.between(1, 40) * 3_600_000)] as const,
            ['"until"', String(now)] as const,
            ['"fill"', 'true'] as const,
          ]
        : [
            ...maybe(0.5, 'every', () => quoted(random.pick(widths))),
            ...maybe(0.4, 'since', () => random.pick(times)),
            ...maybe(0.3, 'until', () => random.pick(times)),
            ...maybe(0.3, 'order', () => objectText([['"m0"', '"desc"']], random)),
            ...maybe(0.3, 'limit', () => random.pick(['1', '10', '10000', '10001', '0', '1.5'])),
          ]),
      ...maybe(0.3, 'zone', () => quoted(random.pick(zones))),
      ...(random.chance(0.02) ? [[nameText(random), numberText(random)] as const] : []),
      ...(random.chance(0.01) ? [['"x"', stringText(random)] as const] : []),
    ],
    random,
  );
}

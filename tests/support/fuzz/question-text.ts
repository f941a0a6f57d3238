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

type Member = readonly [name: string, value: string];

export const questionText = (random: Random): string =>
  objectText(
    [
      ...(random.chance(0.7) ? seriesMembers(random) : peopleMembers(random)),
      ...(random.chance(0.02) ? [[nameText(random), numberText(random)] as const] : []),
      ...(random.chance(0.01) ? [['"x"', stringText(random)] as const] : []),
    ],
    random,
  );

const member = (random: Random, name: string, value: string): Member => [
  quoted(name),
  mostly(random, value),
];

const maybe = (
  random: Random,
  share: number,
  name: string,
  make: () => string,
): readonly Member[] => (random.chance(share) ? [member(random, name, make())] : []);

const fromText = (random: Random): string =>
  random.chance(0.9)
    ? '"everything"'
    : random.pick(['"everything"', '["everything"]', '["everything","nope"]', '"*"']);

const durations = ['"1ms"', '"30m"', '"7d"', '"400d"', '"0s"', '"-1h"', '"1y"', '60'];
const counts = ['1', '7', '30', '0', '1001', '1.5', '"7"'];
const fewWidths = ['day', 'week', 'month', 'hour'];

/** Which events, as a part of a question says it. */
const eventsText = (random: Random): string =>
  objectText(
    [
      member(random, 'from', fromText(random)),
      ...maybe(random, 0.4, 'where', () => whereText(random)),
    ],
    random,
  );

/** A question about people rather than events. */
function peopleMembers(random: Random): readonly Member[] {
  const kind = random.pick(['funnel', 'retention', 'sessions', 'live', 'nope']);
  const fieldList = (): string => list(some(random, 3, () => fieldText(random)));
  const levels = (): string => list(some(random, 3, () => random.pick(['0', '0.5', '1', '2'])));
  const steps = (): string => list(some(random, 4, () => eventsText(random)));
  const count = (): string => random.pick(counts);
  const duration = (): string => random.pick(durations);
  const width = (): string => quoted(random.pick(fewWidths));
  const zone = (): string => quoted(random.pick(zones));
  const ofKind: { readonly [kind: string]: () => readonly Member[] } = {
    funnel: () => [
      member(random, 'steps', steps()),
      member(random, 'within', duration()),
      ...maybe(random, 0.3, 'by', fieldList),
      ...maybe(random, 0.3, 'levels', levels),
    ],
    retention: () => [
      member(random, 'first', eventsText(random)),
      member(random, 'return', eventsText(random)),
      member(random, 'every', width()),
      ...maybe(random, 0.5, 'periods', count),
      ...maybe(random, 0.3, 'zone', zone),
    ],
    sessions: () => [
      member(random, 'from', fromText(random)),
      ...maybe(random, 0.3, 'where', () => whereText(random)),
      ...maybe(random, 0.5, 'gap', duration),
      ...maybe(random, 0.3, 'every', width),
      ...maybe(random, 0.3, 'zone', zone),
      ...maybe(random, 0.3, 'entry', fieldList),
      ...maybe(random, 0.3, 'exit', fieldList),
      ...maybe(random, 0.3, 'levels', levels),
    ],
    live: () => [
      ...maybe(random, 0.7, 'minutes', count),
      ...maybe(random, 0.7, 'from', () => fromText(random)),
      ...maybe(random, 0.3, 'where', () => whereText(random)),
    ],
  };
  return [
    member(random, 'kind', quoted(kind)),
    ...(ofKind[kind]?.() ?? []),
    ...maybe(random, 0.4, 'per', () =>
      quoted(random.pick(['user_id', 'anonymous_id', 'session_id', 'text'])),
    ),
    ...maybe(random, 0.2, 'since', () => random.pick(times)),
    ...maybe(random, 0.2, 'until', () => random.pick(times)),
    ...maybe(random, 0.2, 'explain', () => random.pick(['true', 'false', '1'])),
  ];
}

function seriesMembers(random: Random): readonly Member[] {
  const now = Date.now();
  const isFilled = random.chance(0.15);
  return [
    member(random, 'from', fromText(random)),
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
    ...maybe(random, 0.4, 'by', () => list(some(random, 3, () => fieldText(random)))),
    ...maybe(random, 0.4, 'where', () => whereText(random)),
    ...(isFilled
      ? [
          ['"every"', random.pick(['"hour"', '"minute"', '"day"'])] as const,
          ['"since"', String(now - random.between(1, 40) * 3_600_000)] as const,
          ['"until"', String(now)] as const,
          ['"fill"', 'true'] as const,
        ]
      : [
          ...maybe(random, 0.5, 'every', () => quoted(random.pick(widths))),
          ...maybe(random, 0.4, 'since', () => random.pick(times)),
          ...maybe(random, 0.3, 'until', () => random.pick(times)),
          ...maybe(random, 0.3, 'order', () => objectText([['"m0"', '"desc"']], random)),
          ...maybe(random, 0.3, 'limit', () =>
            random.pick(['1', '10', '10000', '10001', '0', '1.5']),
          ),
        ]),
    ...maybe(random, 0.3, 'zone', () => quoted(random.pick(zones))),
    ...maybe(random, 0.1, 'other', () => 'true'),
    ...maybe(random, 0.1, 'compare', () => '"previous"'),
    ...maybe(random, 0.1, 'explain', () => 'true'),
  ];
}

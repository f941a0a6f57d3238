import type { Random } from '../random.ts';
import { nameText, numberText, objectText, stringText, valueText } from './json-text.ts';

// Events of `everything.config.ts`, mostly as they should be, in each protocol.

type Member = readonly [name: string, value: string];

const quoted = (text: string): string => JSON.stringify(text);

const good: { readonly [property: string]: (random: Random) => string } = {
  text: stringText,
  color: (random) => random.pick(['"red"', '"green"']),
  flag: (random) => random.pick(['true', 'false']),
  small: (random) => String(random.between(-2_147_483_648, 2_147_483_647)),
  large: (random) => random.pick(['"9223372036854775807"', '-9223372036854775808', '0']),
  ratio: (random) => random.pick(['1e300', '-0.0', '0.1', '5e-324']),
  amount: (random) => `"${random.between(0, 99_999_999)}.${random.between(1_000, 9_999)}"`,
  at: (random) => random.pick(['"1900-01-01"', '"2299-12-31T23:59:59.999Z"', '1778752800000']),
  ref: () => '"00112233-4455-6677-8899-aabbccddeeff"',
  numbers: (random) => `[${random.between(0, 9)},"12"]`,
  prices: (random) => `["${random.between(0, 9)}.25"]`,
  address: (random) => `{"city":${stringText(random)},"zip":1}`,
  items: (random) => `[{"name":${stringText(random)},"price":"1.00"}]`,
};

export function propertiesText(random: Random): string {
  const members: Member[] = [];
  for (const [name, write] of Object.entries(good)) {
    if (!random.chance(0.2)) continue;
    members.push([quoted(name), random.chance(0.95) ? write(random) : valueText(random)]);
  }
  if (random.chance(0.15)) members.push([nameText(random), valueText(random)]);
  return objectText(members, random);
}

/** Ids come again now and then, within a body and over all of them. */
function idText(random: Random): string {
  if (random.chance(0.02)) return valueText(random);
  return quoted(`id-${random.between(0, 1_000_000)}`);
}

const timeText = (random: Random): string =>
  random.pick([
    ...['"2026-05-01T12:00:00Z"', '"2026-05-01"', '1778752800000', '0', '"1900-01-01"'],
    ...['"2026-05-01T12:00:00.123456789+05:30"', `${Date.now()}`, 'null'],
    random.chance(0.2) ? valueText(random) : '1',
    random.chance(0.1) ? random.pick(['"9999-01-01"', '1e300', '-1e15', '"2026-02-30"']) : '2',
  ]);

function some(random: Random, members: readonly (readonly [name: string, value: () => string])[]) {
  return members.flatMap(([name, value]): Member[] =>
    random.chance(0.35) ? [[name, random.chance(0.98) ? value() : valueText(random)]] : [],
  );
}

export function nativeText(random: Random): string {
  if (random.chance(0.02)) return valueText(random);
  const type = random.chance(0.93)
    ? '"everything"'
    : random.pick(['"page"', '"nope"', 'null', '1']);
  const members: Member[] = [
    ...(random.chance(0.98) ? [['"type"', type] as const] : []),
    ...(random.chance(0.8) ? [['"event_id"', idText(random)] as const] : []),
    ...(random.chance(0.9) ? [['"properties"', propertiesText(random)] as const] : []),
    ...some(random, [
      ['"timestamp"', () => timeText(random)],
      ['"sent_at"', () => timeText(random)],
      ['"user_id"', () => stringText(random)],
      ['"anonymousId"', () => stringText(random)],
      ['"session_id"', () => stringText(random)],
      ['"context"', () => objectText([[nameText(random), valueText(random)]], random)],
    ]),
    ...(random.chance(0.05) ? [[nameText(random), valueText(random)] as const] : []),
  ];
  return objectText(members, random);
}

const calls = ['track', 'page', 'screen', 'identify', 'group', 'alias', 'nope'];

export function segmentText(random: Random): string {
  if (random.chance(0.02)) return valueText(random);
  const members: Member[] = [
    ...(random.chance(0.9) ? [['"type"', quoted(random.pick(calls))] as const] : []),
    ...(random.chance(0.8) ? [['"event"', '"everything"'] as const] : []),
    ...(random.chance(0.8) ? [['"messageId"', idText(random)] as const] : []),
    ...some(random, [
      ['"timestamp"', () => timeText(random)],
      ['"originalTimestamp"', () => timeText(random)],
      ['"sentAt"', () => timeText(random)],
      ['"userId"', () => stringText(random)],
      ['"properties"', () => propertiesText(random)],
      ['"traits"', () => propertiesText(random)],
      ['"context"', () => objectText([['"sessionId"', valueText(random)]], random)],
      ['"groupId"', () => valueText(random)],
      ['"name"', () => valueText(random)],
      ['"integrations"', () => valueText(random)],
    ]),
  ];
  return objectText(members, random);
}

export function cloudEventText(random: Random): string {
  if (random.chance(0.02)) return valueText(random);
  const members: Member[] = [
    ['"specversion"', random.chance(0.95) ? '"1.0"' : valueText(random)],
    ['"id"', idText(random)],
    ['"source"', random.chance(0.95) ? '"/fuzz"' : stringText(random)],
    ['"type"', random.chance(0.95) ? '"everything"' : stringText(random)],
    ...some(random, [
      ['"time"', () => timeText(random)],
      ['"data"', () => propertiesText(random)],
      ['"datacontenttype"', () => '"application/json"'],
      ['"data_base64"', () => quoted(Buffer.from(propertiesText(random)).toString('base64'))],
      ['"subject"', () => stringText(random)],
      ['"sequence"', () => numberText(random)],
    ]),
  ];
  return objectText(members, random);
}

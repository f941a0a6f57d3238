import { expect } from 'vitest';
import type { ErrorCode } from '../../../packages/millrace/src/errors.ts';
import type { Random } from '../random.ts';
import { nameText, objectText, stringText, valueText } from './json-text.ts';

/** What every id begins with, so that it is nobody's, also with some bytes of it gone. */
const nobody = 'nobody-'.repeat(10);
const endings = ['1', '2', '3', 'é', '😀', '\\u0000', '\\ud800', '%', "'", '\\\\', '{x:String}'];
/** Of the whole body, as it is documented. */
const orderBytesMax = 16 * 1024;

/** An order to forget somebody, who is never there; or what is none. */
export const forgetText = (random: Random): string =>
  random.chance(0.9) ? objectText(members(random), random) : valueText(random);

const members = (random: Random): readonly (readonly [name: string, value: string])[] => [
  ...(random.chance(0.9) ? [['"user_id"', idText(random)] as const] : []),
  ...(random.chance(0.3) ? [['"anonymous_id"', idText(random)] as const] : []),
  ...(random.chance(0.3) ? [['"rebuild"', rebuildText(random)] as const] : []),
  ...(random.chance(0.03) ? [[nameText(random), stringText(random)] as const] : []),
];

function idText(random: Random): string {
  if (random.chance(0.1)) return random.pick(['""', 'null', '1', '[]', '{}', 'true']);
  const length = random.chance(0.05) ? random.pick([1, 127, 128, 8_000, 17_000]) : 1;
  return `"${nobody}${random.pick(endings).repeat(length)}"`;
}

const rebuildText = (random: Random): string =>
  random.chance(0.9) ? random.pick(['true', 'false']) : random.pick(['null', '0', '"true"']);

/** Which answers an order may get from whoever has the key, told in another way than the server's. */
export function answersTo(
  body: Buffer,
  contentType: string | undefined,
): readonly (ErrorCode | 'order')[] {
  if (contentType !== undefined && !/^[\w.+-]+\/[\w.+-]/.test(contentType)) {
    return ['unsupported_media_type'];
  }
  if (body.length > orderBytesMax) return ['body_too_large'];
  const asked = parsed(body.toString());
  if (asked === undefined) return ['invalid_body'];
  return isOrder(asked) ? ['order', 'forget_conflict'] : ['forget_invalid'];
}

function isOrder(asked: unknown): boolean {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) return false;
  const found = new Map<string, unknown>(Object.entries(asked));
  const ids = ['user_id', 'anonymous_id'].map((name) => found.get(name) ?? null);
  const rebuild = found.get('rebuild');
  for (const name of ['user_id', 'anonymous_id', 'rebuild']) found.delete(name);
  return (
    found.size === 0 &&
    ids.every((id) => id === null || (typeof id === 'string' && id !== '')) &&
    ids.some((id) => id !== null) &&
    (rebuild === undefined || typeof rebuild === 'boolean')
  );
}

/** Undefined where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const receiptOfNobody = {
  id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  ordered_at: expect.stringMatching(/Z$/),
  rollups: [],
  rebuilt: [],
  problem: null,
};

/** An order's state, as it is answered: nobody's events are few, and nobody is named. */
export function checkOrder(order: unknown): void {
  expect(order).toMatchObject(receiptOfNobody);
  expect(order).toHaveProperty('events', expect.toBeOneOf([null, 0]));
  expect(order).toHaveProperty('dead_letters', expect.toBeOneOf([null, 0]));
  expect(JSON.stringify(order)).not.toContain('nobody');
}

/** Every order. */
export function checkOrders(body: Buffer): void {
  const { orders }: { readonly orders: readonly unknown[] } = JSON.parse(body.toString());
  for (const order of orders) checkOrder(order);
}

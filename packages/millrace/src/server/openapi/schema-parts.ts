import type { JsonSchema } from './operation.ts';

export const count: JsonSchema = { type: 'integer', minimum: 0 };
export const text: JsonSchema = { type: 'string' };
export const time: JsonSchema = { type: 'string', format: 'date-time' };

/** An object of exactly these members, each of them there but for those named. */
export const exactly = (
  properties: { readonly [name: string]: JsonSchema },
  optional: readonly string[] = [],
): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

export const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });

/** Every member of a type, so that the compiler misses what is not described. */
export type Members<Type> = { readonly [name in keyof Type]-?: JsonSchema };

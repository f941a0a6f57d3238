import { expect, it } from 'vitest';
import { array, decimal, int32, object, optional, string } from '../../define/property.ts';
import { propertySchema } from './property-schema.ts';

it('says which members an object must have, and that the others may be null', () => {
  const line = object({ sku: string(), count: optional(int32()) });
  const count = { type: 'integer', format: 'int32', minimum: -2147483648, maximum: 2147483647 };
  expect(propertySchema(array(line))).toEqual({
    type: 'array',
    items: {
      type: 'object',
      required: ['sku'],
      properties: { sku: { type: 'string' }, count: { anyOf: [count, { type: 'null' }] } },
    },
  });
});

it.each([
  [18, 2, '^-?[0-9]{1,16}(\\.[0-9]{1,2})?$', 0.01, 1e13],
  [4, 4, '^-?0(\\.[0-9]{1,4})?$', 0.0001, 1],
  [3, 0, '^-?[0-9]{1,3}$', 1, 1000],
])('bounds decimal(%i, %i) by its digits, as a number by 15', (p, s, pattern, step, below) => {
  expect(propertySchema(decimal(p, s))).toMatchObject({
    anyOf: [
      { type: 'string', pattern },
      { type: 'number', multipleOf: step, exclusiveMaximum: below, exclusiveMinimum: -below },
    ],
  });
});

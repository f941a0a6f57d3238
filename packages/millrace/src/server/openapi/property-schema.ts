import type { Properties, PropertyType } from '../../define/property.ts';
import type { JsonSchema } from './operation.ts';

const int32Max = 2 ** 31 - 1;
/** The largest double below 2^63: what is beyond must come as a string. */
const int64Max = 2 ** 63 - 2 ** 10;
const float64Max = 1e300;
/** A decimal that comes as a JSON number has at most so many significant digits. */
const exactDigitsMax = 15;

/** A string as it is kept: no NUL in it. */
const text: JsonSchema = { type: 'string' };

/** What a sender may send for a property. The collector's own checks are `collect/property-writer.ts`. */
export function propertySchema(type: PropertyType): JsonSchema {
  switch (type.kind) {
    case 'string':
      return text;
    case 'enum':
      return { type: 'string', enum: type.values };
    case 'boolean':
      return { type: 'boolean' };
    case 'int32':
      return { type: 'integer', format: 'int32', minimum: -int32Max - 1, maximum: int32Max };
    case 'int64':
      return {
        description: 'As digits; beyond 2^53 most readers need them in a string.',
        anyOf: [
          { type: 'integer', format: 'int64', minimum: -int64Max, maximum: int64Max },
          { type: 'string', pattern: '^-?[0-9]{1,18}$' },
        ],
      };
    case 'float64':
      return { type: 'number', minimum: -float64Max, maximum: float64Max };
    case 'decimal':
      return decimalSchema(type.precision, type.scale);
    case 'timestamp':
      return timeSchema;
    case 'uuid':
      return {
        type: 'string',
        format: 'uuid',
        pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
      };
    case 'array':
      return { type: 'array', items: propertySchema(type.element) };
    case 'object':
      return { type: 'object', ...membersSchema(type.properties) };
  }
}

/** Those of an object: null and absent are the same. */
function membersSchema(properties: Properties): JsonSchema {
  const entries = Object.entries(properties);
  return {
    required: entries.flatMap(([name, { kind }]) => (kind === 'optional' ? [] : [name])),
    properties: Object.fromEntries(
      entries.map(([name, property]) => [
        name,
        property.kind === 'optional'
          ? orNull(propertySchema(property.type))
          : propertySchema(property),
      ]),
    ),
  };
}

export const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });

function decimalSchema(precision: number, scale: number): JsonSchema {
  const whole = precision - scale;
  const before = whole === 0 ? '0' : `[0-9]{1,${whole}}`;
  const after = scale === 0 ? '' : `(\\.[0-9]{1,${scale}})?`;
  const largest = 10 ** Math.min(whole, exactDigitsMax - scale);
  return {
    description: `decimal(${precision}, ${scale}), exact: a string, or a number of at most ${exactDigitsMax} significant digits.`,
    anyOf: [
      { type: 'string', pattern: `^-?${before}${after}$` },
      {
        type: 'number',
        multipleOf: Number(`1e-${scale}`),
        exclusiveMinimum: -largest,
        exclusiveMaximum: largest,
      },
    ],
  };
}

const monthAndDay =
  '((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))';
const hourAndMinute = '([01][0-9]|2[0-3]):[0-5][0-9]';
const clock = `T${hourAndMinute}:[0-5][0-9](\\.[0-9]{1,3})?(Z|[+-]${hourAndMinute})?`;

/** Not all that is taken for a time: ISO 8601 has more forms than a pattern bears. */
export const timeTextSchema: JsonSchema = {
  type: 'string',
  pattern: `^(19|2[0-2])[0-9]{2}-${monthAndDay}(${clock})?$`,
  examples: ['2026-05-01T12:00:00.000Z'],
};

export const timeSchema: JsonSchema = {
  description:
    'ISO 8601, in UTC unless it says otherwise, or milliseconds since 1970; of the years 1900 to 2299.',
  anyOf: [
    { type: 'integer', minimum: Date.UTC(1900, 0, 1), maximum: Date.UTC(2300, 0, 1) - 1 },
    timeTextSchema,
  ],
};

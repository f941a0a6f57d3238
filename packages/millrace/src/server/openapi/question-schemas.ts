import { envelope } from '../../define/envelope.ts';
import type { PropertyType } from '../../define/property.ts';
import { isNumeric, isOrdered, isScalar, typeOf } from '../../define/property-types.ts';
import { bounds } from '../../plan/contradiction.ts';
import type { Plan } from '../../plan/plan.ts';
import { questionBounds } from '../../plan/question.ts';
import { sampleBounds } from '../../plan/questions/sampling.ts';
import { widths } from '../../plan/widths.ts';
import { type JsonSchema, ref } from './operation.ts';
import { funnelSchema, liveSchema, retentionSchema, sessionsSchema } from './people-schemas.ts';
import { propertySchema, timeSchema, timeTextSchema } from './property-schema.ts';

type Schemas = { readonly [name: string]: JsonSchema };

const outName: JsonSchema = { pattern: '^[a-z][a-z0-9]*(_[a-z0-9]+)*$', maxLength: 64 };

/** Of questions of every kind. */
const common: Schemas = {
  since: { ...timeSchema, description: 'From this time on.' },
  until: { ...timeSchema, description: 'Before this time.' },
  limit: {
    type: 'integer',
    minimum: 1,
    maximum: questionBounds.rowsMax,
    default: questionBounds.rowsDefault,
  },
  age: {
    type: 'string',
    pattern: '^\\d{1,15}(ms|s|m)$',
    description: 'How old the answer may be, though there is more by now: `5s`, at most `1m`.',
  },
  explain: { type: 'boolean', description: 'Whether the answer says how it came about.' },
};

const levels: JsonSchema = {
  type: 'array',
  minItems: 1,
  maxItems: bounds.dimensionsMax,
  uniqueItems: true,
  items: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
};

/** Questions as JSON, a schema for each kind. That a field belongs to the events asked is checked when it is read. */
export function questionSchemas(plan: Plan): Schemas {
  const types = plan.events.map(({ type }) => type);
  const fields = fieldsOf(plan);
  const named = (fits: (type: PropertyType) => boolean): JsonSchema => ({
    type: 'string',
    enum: [...fields].flatMap(([name, type]) => (fits(type) ? [name] : [])),
  });
  const from: JsonSchema = {
    anyOf: [
      { type: 'string', enum: types },
      {
        type: 'array',
        items: { type: 'string', enum: types },
        minItems: 1,
        maxItems: bounds.eventsMax,
        uniqueItems: true,
      },
    ],
  };
  const by: JsonSchema = {
    type: 'array',
    items: named(isScalar),
    maxItems: bounds.dimensionsMax,
    uniqueItems: true,
  };
  const parts = { from, by, levels, common };
  return {
    FunnelQuestion: funnelSchema(parts),
    RetentionQuestion: retentionSchema(parts),
    SessionsQuestion: sessionsSchema(parts),
    LiveQuestion: liveSchema(parts),
    Question: {
      type: 'object',
      required: ['from', 'measures'],
      additionalProperties: false,
      properties: {
        kind: { type: 'string', enum: ['series'], default: 'series' },
        from,
        measures: {
          type: 'object',
          minProperties: 1,
          maxProperties: bounds.measuresMax,
          propertyNames: outName,
          additionalProperties: ref('Measure'),
        },
        by,
        where: ref('Condition'),
        every: { type: 'string', enum: widths, description: 'The width of a bucket.' },
        zone: {
          type: 'string',
          description: 'The time zone of buckets, as `Europe/London`.',
          default: 'UTC',
        },
        order: {
          type: 'object',
          description: 'Columns of the answer, the first one first.',
          additionalProperties: { type: 'string', enum: ['asc', 'desc'] },
        },
        fill: {
          type: 'boolean',
          description: 'A row for each bucket between `since` and `until`, empty ones too.',
        },
        other: {
          type: 'boolean',
          description:
            'One row for all groups beyond `limit`, which then counts groups. The column `other` tells it.',
        },
        compare: {
          type: 'string',
          enum: ['previous'],
          description:
            'Also the measures of the period before, which is as long: in columns that end in `_previous`.',
        },
        sample: {
          anyOf: [
            {
              type: 'number',
              minimum: 1 / sampleBounds.oneInMax,
              maximum: 1 / sampleBounds.oneInMin,
            },
            { type: 'string', enum: ['auto'] },
          ],
          description:
            'Where no rollup answers, from this share of the time between `since` and `until`, or as much as one question may read. The true value of a measure lies between the columns that end in `_low` and `_high` in 95 of 100 answers.',
        },
        ...common,
      },
    },
    Measure: {
      oneOf: [
        measure('count', {}),
        ...['sum', 'avg'].map((kind) => measure(kind, { field: named(isNumeric) })),
        ...['min', 'max'].map((kind) => measure(kind, { field: named(isOrdered) })),
        measure('uniq', { field: named(isScalar) }),
        measure('quantiles', {
          field: named(isNumeric),
          levels,
        }),
      ],
    },
    Condition: {
      type: 'object',
      description: `All fields named must hold, and all operators of one field. At most ${bounds.depthMax} within each other.`,
      additionalProperties: false,
      properties: {
        ...Object.fromEntries(
          [...fields].flatMap(([name, type]) => (isScalar(type) ? [[name, predicate(type)]] : [])),
        ),
        and: { type: 'array', items: ref('Condition'), maxItems: bounds.namesMax },
        or: { type: 'array', items: ref('Condition'), maxItems: bounds.namesMax },
        not: ref('Condition'),
      },
    },
  };
}

function measure(kind: string, options: Schemas): JsonSchema {
  return {
    type: 'object',
    required: ['kind', ...Object.keys(options)],
    properties: { kind: { type: 'string', enum: [kind] }, ...options },
  };
}

function predicate(type: PropertyType): JsonSchema {
  const value = comparedSchema(type);
  const operators = ['eq', 'ne', ...(isOrdered(type) ? ['lt', 'lte', 'gt', 'gte'] : [])];
  return {
    anyOf: [
      value,
      {
        type: 'object',
        additionalProperties: false,
        properties: {
          ...Object.fromEntries(operators.map((operator) => [operator, value])),
          in: { type: 'array', items: value, maxItems: bounds.namesMax },
          present: { type: 'boolean' },
        },
      },
    ],
  };
}

/** A value to compare with: of some types fewer forms than an event may have. */
function comparedSchema(type: PropertyType): JsonSchema {
  if (type.kind === 'timestamp') return timeTextSchema;
  if (type.kind !== 'int64') return propertySchema(type);
  const max = Number.MAX_SAFE_INTEGER;
  return {
    anyOf: [
      { type: 'integer', minimum: -max, maximum: max },
      { type: 'string', pattern: '^-?[0-9]{1,18}$' },
    ],
  };
}

/** Every field of every event under the name that asks for it; of an enum the values of all events. */
function fieldsOf(plan: Plan): ReadonlyMap<string, PropertyType> {
  const fields = new Map<string, PropertyType>(
    Object.entries(envelope).map(([name, { type }]) => [name, type]),
  );
  const add = (name: string, type: PropertyType): void => {
    const known = fields.get(name);
    if (known?.kind === 'enum' && type.kind === 'enum')
      fields.set(name, { kind: 'enum', values: [...new Set([...known.values, ...type.values])] });
    else if (known === undefined) fields.set(name, type);
    if (type.kind !== 'object') return;
    for (const [inner, property] of Object.entries(type.properties))
      add(`${name}.${inner}`, typeOf(property));
  };
  for (const { properties } of plan.events)
    for (const { name, type } of properties) add(name, type);
  return fields;
}

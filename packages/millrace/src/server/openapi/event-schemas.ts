import { segmentCalls } from '../../collect/segment.ts';
import type { PropertyType } from '../../define/property.ts';
import type { EventPlan, Plan } from '../../plan/plan.ts';
import { type JsonSchema, ref } from './operation.ts';
import { orNull, propertySchema, timeSchema } from './property-schema.ts';

type Schemas = { readonly [name: string]: JsonSchema };

/** The events of a pipeline, in each of the forms they may come in. */
export function eventSchemas(plan: Plan): Schemas {
  const { events } = plan;
  const each = (suffix: string, schemaOf: (event: EventPlan) => JsonSchema): Schemas =>
    Object.fromEntries(events.map((event) => [`${event.type}.${suffix}`, schemaOf(event)]));
  return {
    ...each('properties', (event) => propertiesSchema(event, plan)),
    ...each('event', nativeEvent),
    Event: oneOfThem(events, 'event', 'type'),
    ...each('cloudevent', cloudEvent),
    CloudEvent: oneOfThem(events, 'cloudevent', 'type'),
    ...segmentSchemas(events),
  };
}

/** One for each type, told apart by the field that names it. */
const oneOfThem = (
  events: readonly EventPlan[],
  suffix: string,
  propertyName: string,
): JsonSchema => ({
  oneOf: events.map(({ type }) => ref(`${type}.${suffix}`)),
  discriminator: {
    propertyName,
    mapping: Object.fromEntries(
      events.flatMap(({ type, aliases }) =>
        [type, ...aliases].map((name) => [name, `#/components/schemas/${type}.${suffix}`]),
      ),
    ),
  },
});

const typeSchema = ({ type, aliases }: EventPlan): JsonSchema => ({
  type: 'string',
  enum: [type, ...aliases],
});

function propertiesSchema(event: EventPlan, plan: Plan): JsonSchema {
  const { properties, renames, undeclared } = event;
  const sentAs = (name: string): string[] =>
    Object.keys(renames).filter((sent) => renames[sent] === name);
  const required = properties.filter((property) => property.required).map(({ name }) => name);
  const others = undeclared === 'keep' ? typedElsewhere(event, plan) : [];
  return {
    type: 'object',
    properties: Object.fromEntries([
      ...properties.flatMap(({ name, type, required: needed }) =>
        [name, ...sentAs(name)].map((sent) => [
          sent,
          needed && sentAs(name).length === 0 ? propertySchema(type) : orNull(propertySchema(type)),
        ]),
      ),
      ...others.map(({ name, type }) => [name, orNull(propertySchema(type))]),
    ]),
    required: required.filter((name) => sentAs(name).length === 0),
    ...anyNameOf(required.filter((name) => sentAs(name).length > 0).map((n) => [n, ...sentAs(n)])),
    ...(undeclared === 'refuse' ? { additionalProperties: false } : {}),
    description: {
      keep: 'What is not declared is kept as it comes.',
      drop: 'What is not declared is dropped.',
      refuse: 'What is not declared refuses the event.',
    }[undeclared],
  };
}

/** A required property that may come under other names: one of them must be there, and not be null. */
const anyNameOf = (groups: readonly (readonly string[])[]): JsonSchema =>
  groups.length === 0
    ? {}
    : {
        allOf: groups.map((names) => ({
          anyOf: names.map((name) => ({
            required: [name],
            properties: { [name]: { not: { type: 'null' } } },
          })),
        })),
      };

/** One name has one type across a pipeline, whichever event declares it. */
function typedElsewhere(
  event: EventPlan,
  plan: Plan,
): readonly { readonly name: string; readonly type: PropertyType }[] {
  const known = new Set([
    ...event.properties.map(({ name }) => name),
    ...Object.keys(event.renames),
  ]);
  const others = new Map<string, PropertyType>();
  for (const { properties } of plan.events)
    for (const { name, type } of properties)
      if (!known.has(name) && !others.has(name)) others.set(name, type);
  return [...others].map(([name, type]) => ({ name, type }));
}

const needsProperties = ({ properties }: EventPlan): boolean =>
  properties.some(({ required }) => required);

const who: JsonSchema = { type: ['string', 'integer', 'null'] };
const freely: JsonSchema = { type: ['object', 'null'] };

const idSchema: JsonSchema = {
  description:
    '1 to 128 bytes, the same for each try. Without one an id is made, and a retry counts twice.',
  type: 'string',
  minLength: 1,
  maxLength: 128,
};

const nativeEvent = (event: EventPlan): JsonSchema => ({
  type: 'object',
  description: 'The envelope may come in camelCase as well.',
  required: ['type', ...(needsProperties(event) ? ['properties'] : [])],
  properties: {
    type: typeSchema(event),
    event_id: orNull(idSchema),
    timestamp: orNull(timeSchema),
    sent_at: orNull(timeSchema),
    user_id: who,
    anonymous_id: who,
    session_id: who,
    properties: ref(`${event.type}.properties`),
    context: freely,
  },
});

const cloudEvent = (event: EventPlan): JsonSchema => ({
  type: 'object',
  required: ['specversion', 'id', 'source', 'type', ...(needsProperties(event) ? ['data'] : [])],
  properties: {
    specversion: { type: 'string', enum: ['1.0'] },
    id: { type: 'string', minLength: 1 },
    source: { type: 'string', minLength: 1 },
    type: typeSchema(event),
    time: orNull(timeSchema),
    datacontenttype: { type: 'string', enum: ['application/json'] },
    data: ref(`${event.type}.properties`),
  },
});

/** What every message of the Segment API has. */
const segmentMessage: Schemas = {
  messageId: orNull(idSchema),
  timestamp: orNull(timeSchema),
  originalTimestamp: orNull(timeSchema),
  sentAt: orNull(timeSchema),
  userId: who,
  anonymousId: who,
  context: freely,
  writeKey: { type: 'string', description: 'In place of a key in a header.' },
};

function segmentSchemas(events: readonly EventPlan[]): Schemas {
  const track = events.map((event): [string, JsonSchema] => [
    `${event.type}.track`,
    {
      type: 'object',
      required: ['event', ...(needsProperties(event) ? ['properties'] : [])],
      properties: {
        ...segmentMessage,
        event: typeSchema(event),
        properties: ref(`${event.type}.properties`),
      },
    },
  ]);
  return {
    ...Object.fromEntries(track),
    'segment.track': oneOfThem(events, 'track', 'event'),
    ...Object.fromEntries(
      segmentCalls
        .filter((call) => call !== 'track')
        .map((call) => [`segment.${call}`, segmentCall(call)]),
    ),
    SegmentMessage: {
      oneOf: segmentCalls.map((call) => ({
        allOf: [
          {
            type: 'object',
            required: ['type'],
            properties: { type: { type: 'string', enum: [call] } },
          },
          ref(`segment.${call}`),
        ],
      })),
    },
  };
}

const name: JsonSchema = { type: ['string', 'null'] };

function segmentCall(call: string): JsonSchema {
  const traits = call === 'identify' || call === 'group';
  return {
    type: 'object',
    properties: {
      ...segmentMessage,
      [traits ? 'traits' : 'properties']: freely,
      ...(call === 'page' || call === 'screen' ? { name, category: name } : {}),
      ...(call === 'group' ? { groupId: name } : {}),
      ...(call === 'alias' ? { previousId: name } : {}),
    },
  };
}

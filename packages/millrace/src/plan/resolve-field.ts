import { envelope, isEnvelopeField } from '../define/envelope.ts';
import type { EventDefinition } from '../define/event.ts';
import type { Properties, PropertyType } from '../define/property.ts';
import { typeOf } from '../define/property-types.ts';
import type { FieldPlan } from './plan.ts';
import type { KnownFields } from './read-where.ts';

/** Where `name` (`user_id`, `value`, `address.city`) is found in these events; undefined if nowhere. */
const resolveField = (name: string, events: readonly EventDefinition[]): FieldPlan | undefined => {
  if (isEnvelopeField(name)) return { source: 'envelope', name, type: envelope[name].type };
  const path = name.split('.');
  const [type, ...others] = events.flatMap(({ properties }) => typeAt(properties, path) ?? []);
  return type && { source: 'property', path, type: withValuesOf(type, others) };
};

/** An enum may have other values in other events: here all of them count. */
const withValuesOf = (type: PropertyType, others: readonly PropertyType[]): PropertyType => {
  if (type.kind !== 'enum') return type;
  const more = others.flatMap((other) => (other.kind === 'enum' ? other.values : []));
  return { kind: 'enum', values: [...new Set([...type.values, ...more])] };
};

/** What can be asked of these events; `what` asks. */
export const fieldsOf = (events: readonly EventDefinition[], what: string): KnownFields => ({
  find: (name) => resolveField(name, events),
  names: fieldNames(events),
  missing: `No event of this ${what} has`,
});

/** All names that `resolveField` finds, for those who misspelt one. */
const fieldNames = (events: readonly EventDefinition[]): readonly string[] => [
  ...new Set([
    ...events.flatMap(({ properties }) => paths(properties, '')),
    ...Object.keys(envelope),
  ]),
];

const typeAt = (properties: Properties, path: readonly string[]): PropertyType | undefined => {
  const [name, ...rest] = path;
  const property =
    name !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (!property) return undefined;
  const type = typeOf(property);
  if (rest.length === 0) return type;
  return type.kind === 'object' ? typeAt(type.properties, rest) : undefined;
};

const paths = (properties: Properties, prefix: string): readonly string[] =>
  Object.entries(properties).flatMap(([name, property]) => {
    const type = typeOf(property);
    const path = `${prefix}${name}`;
    return type.kind === 'object' ? paths(type.properties, `${path}.`) : [path];
  });

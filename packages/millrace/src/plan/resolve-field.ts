import { envelope, isEnvelopeField } from '../define/envelope.ts';
import type { EventDefinition } from '../define/event.ts';
import type { Properties, PropertyType } from '../define/property.ts';
import type { FieldPlan } from './plan.ts';

/** Where `name` (`user_id`, `value`, `address.city`) is found in these events; undefined if nowhere. */
export const resolveField = (
  name: string,
  events: readonly EventDefinition[],
): FieldPlan | undefined => {
  if (isEnvelopeField(name)) return { source: 'envelope', name, type: envelope[name].type };
  const path = name.split('.');
  for (const { properties } of events) {
    const type = typeAt(properties, path);
    if (type) return { source: 'property', path, type };
  }
  return undefined;
};

const typeAt = (properties: Properties, path: readonly string[]): PropertyType | undefined => {
  const [name, ...rest] = path;
  if (name === undefined || !Object.hasOwn(properties, name)) return undefined;
  const property = properties[name];
  const type = property?.kind === 'optional' ? property.type : property;
  if (rest.length === 0) return type;
  return type?.kind === 'object' ? typeAt(type.properties, rest) : undefined;
};

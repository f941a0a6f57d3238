import type { PropertyType } from '../define/property.ts';
import type { Plan } from './plan.ts';

/** An event of the pipeline's first type that would be accepted, as JSON. */
export function exampleEvent(plan: Plan): string {
  const [event] = plan.events;
  if (!event) return '{}';
  const properties = Object.fromEntries(
    event.properties
      .filter(({ required }) => required)
      .map(({ name, type }) => [name, exampleOf(type)]),
  );
  return JSON.stringify({ type: event.type, user_id: 'ann', properties });
}

function exampleOf(type: PropertyType): unknown {
  switch (type.kind) {
    case 'string':
      return 'abc';
    case 'enum':
      return type.values[0];
    case 'boolean':
      return true;
    case 'int32':
    case 'int64':
      return 1;
    case 'float64':
      return 1.5;
    case 'decimal':
      return type.scale === 0 ? '1' : `1.${'5'.padEnd(type.scale, '0')}`;
    case 'timestamp':
      return '2026-01-02T03:04:05Z';
    case 'uuid':
      return '018f6b1e-9f3c-7c1d-8b1a-0a1b2c3d4e5f';
    case 'array':
      return [exampleOf(type.element)];
    case 'object':
      return Object.fromEntries(
        Object.entries(type.properties).flatMap(([name, property]) =>
          property.kind === 'optional' ? [] : [[name, exampleOf(property)]],
        ),
      );
  }
}

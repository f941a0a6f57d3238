import { isEnvelopeField } from '../define/envelope.ts';
import type { EventDefinition } from '../define/event.ts';
import type { Events } from '../define/fields.ts';
import type { Property } from '../define/property.ts';
import { typedPaths, typeOf } from '../define/property-types.ts';
import { isBuiltIn } from './built-in-events.ts';
import {
  bounds,
  didYouMean,
  isRecord,
  join,
  type Report,
  readList,
  readRecord,
  shown,
} from './contradiction.ts';
import { isSnakeCase } from './names.ts';
import { readProperties } from './read-property.ts';
import { sameType } from './same-type.ts';

/** The events that make sense; what does not is reported. */
export const readEvents = (value: unknown, report: Report): Events => {
  if (!isRecord(value)) {
    report(
      'wrong_shape',
      'events',
      `This is ${shown(value)}, not events.`,
      'Give an object of names and events: { view: event({ … }) }.',
    );
    return {};
  }
  const entries = Object.entries(value);
  if (entries.length > bounds.eventsMax)
    report(
      'out_of_bounds',
      'events',
      `These are ${entries.length} types of event.`,
      `Declare at most ${bounds.eventsMax}; tell finer kinds apart by a property.`,
    );
  const events = Object.fromEntries(
    entries.slice(0, bounds.eventsMax).map(([type, event]) => {
      if (!isSnakeCase(type))
        report(
          'bad_name',
          join('events', type),
          `${shown(type)} is not in snake_case.`,
          'Call it like order_completed; what senders call it can be an alias.',
        );
      return [type, readEvent(event, join('events', type), report)];
    }),
  );
  checkAliases(events, report);
  checkOneTypePerName(events, report);
  checkPaths(events, report);
  return events;
};

const ways = ['keep', 'drop', 'refuse'];

const readEvent = (value: unknown, place: string, report: Report): EventDefinition => {
  const event = readRecord(value, place, ['properties', 'aliases', 'rename', 'undeclared'], report);
  if (!event) return { properties: {} };
  const properties = readProperties(event.properties, place, report);
  for (const name of Object.keys(properties)) {
    if (isEnvelopeField(name) || ['and', 'or', 'not'].includes(name))
      report(
        'reserved_name',
        join(place, name),
        isEnvelopeField(name)
          ? `Every event has a ${name} of its own, beside its properties.`
          : `In a condition, ${name} joins others.`,
        `Call the property something else, and rename what senders send: rename: { ${name}: '…' }.`,
      );
  }
  const { undeclared } = event;
  if (undeclared !== undefined && !ways.some((way) => way === undeclared))
    report(
      'bad_value',
      join(place, 'undeclared'),
      `${shown(undeclared)} says nothing about undeclared properties.`,
      "Say 'keep', 'drop' or 'refuse'.",
    );
  checkRenames(event.rename, properties, place, report);
  return { properties, aliases: readAliases(event.aliases, join(place, 'aliases'), report) };
};

const readAliases = (value: unknown, place: string, report: Report): string[] => {
  if (value === undefined) return [];
  return readList(value, place, bounds.namesMax, report).flatMap((alias, index) => {
    if (typeof alias === 'string' && alias.length > 0 && alias.length <= 128) return [alias];
    report(
      'bad_name',
      `${place}[${index}]`,
      `${shown(alias)} cannot be the name of an event.`,
      'Give a string of 1 to 128 characters.',
    );
    return [];
  });
};

const checkRenames = (
  value: unknown,
  properties: { readonly [name: string]: Property },
  eventPlace: string,
  report: Report,
): void => {
  if (value === undefined) return;
  const place = join(eventPlace, 'rename');
  if (!isRecord(value)) {
    report('wrong_shape', place, `This is ${shown(value)}.`, "Write { total: 'value' }.");
    return;
  }
  for (const [sent, declared] of Object.entries(value).slice(0, bounds.namesMax)) {
    const at = join(place, sent);
    if (typeof declared !== 'string' || !Object.hasOwn(properties, declared))
      report(
        'unknown_property',
        at,
        `This event has no property ${shown(declared)}.`,
        didYouMean(declared, Object.keys(properties)),
      );
    if (Object.hasOwn(properties, sent))
      report(
        'name_taken',
        at,
        `${shown(sent)} is a declared property itself, so it would be lost.`,
        'Rename only what is not declared.',
      );
  }
};

const checkAliases = (events: Events, report: Report): void => {
  const owners = new Map<string, string>();
  for (const [type, { aliases = [] }] of Object.entries(events))
    for (const [index, alias] of aliases.entries()) {
      const at = `${join('events', type)}.aliases[${index}]`;
      const owner = Object.hasOwn(events, alias) || isBuiltIn(alias) ? alias : owners.get(alias);
      if (owner !== undefined)
        report(
          'name_taken',
          at,
          `${shown(alias)} already means the event ${shown(owner)}.`,
          'One name means one type of event: take it away here or there.',
        );
      owners.set(alias, type);
    }
};

/** The store has one column for a name, so a name has one type across the events. */
const checkOneTypePerName = (events: Events, report: Report): void => {
  const first = new Map<string, { readonly type: string; readonly property: Property }>();
  for (const [type, { properties }] of Object.entries(events))
    for (const [name, property] of Object.entries(properties)) {
      const other = first.get(name);
      if (!other) first.set(name, { type, property });
      else if (!sameType(typeOf(other.property), typeOf(property)))
        report(
          'wrong_type',
          join(join('events', type), name),
          `${shown(name)} has another type in the event ${shown(other.type)}.`,
          'Give it the same type in both, or another name in one, with a rename for its senders.',
        );
    }
};

const checkPaths = (events: Events, report: Report): void => {
  const all = Object.values(events).flatMap(({ properties }) => typedPaths(properties));
  const paths = new Set(all.map(({ name }) => name)).size;
  if (paths > bounds.pathsMax)
    report(
      'out_of_bounds',
      'events',
      `The events have ${paths} different properties in all, those inside objects counted.`,
      `Declare at most ${bounds.pathsMax}; those not declared are kept as they come.`,
    );
};

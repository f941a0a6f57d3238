import { isEnvelopeField } from '../define/envelope.ts';
import type { Events } from '../define/fields.ts';
import type { Measure } from '../define/measure.ts';
import type { PropertyType } from '../define/property.ts';
import { isNumeric, isOrdered, isScalar } from '../define/property-types.ts';
import { builtInTypes, isBuiltIn } from './built-in-events.ts';
import {
  bounds,
  didYouMean,
  isList,
  isRecord,
  join,
  type Report,
  readList,
  shown,
} from './contradiction.ts';
import { dimensionName, isSnakeCase } from './names.ts';
import type { KnownFields } from './read-where.ts';
import { fieldsOf } from './resolve-field.ts';

/** Names of tables that are there already, or that would be mistaken for a column. */
const reservedNames = ['events', 'dead_letters', 'bucket'];

export const checkTableName = (name: unknown, place: string, report: Report): void =>
  checkName(name, join(place, 'name'), reservedNames, 'a table', report);

export type CheckNameIsFree = (one: unknown, index: number, report: Report) => void;

/**
 * Reports what has the name of one before it in its list, or of one in the other
 * lists: all of them are tables. Unchecked lists by their places.
 */
export const nameRegister = (
  place: string,
  others: { readonly [place: string]: unknown } = {},
): CheckNameIsFree => {
  const owners = new Map<string, string>();
  const register = (one: unknown, at: string): string | undefined => {
    const name = isRecord(one) ? one.name : undefined;
    if (typeof name !== 'string') return undefined;
    const owner = owners.get(name);
    if (owner === undefined) owners.set(name, at);
    return owner;
  };
  for (const [other, list] of Object.entries(others))
    if (isList(list))
      for (const [index, one] of list.entries()) register(one, `${other}[${index}]`);
  return (one, index, report) => {
    const owner = register(one, `${place}[${index}]`);
    if (owner === undefined || !isRecord(one)) return;
    report(
      'name_taken',
      `${place}[${index}].name`,
      `${owner} is called ${shown(one.name)} too.`,
      'Give each a name of its own.',
    );
  };
};

export const checkName = (
  name: unknown,
  place: string,
  reserved: readonly string[],
  what: string,
  report: Report,
): void => {
  if (typeof name !== 'string' || !isSnakeCase(name))
    report(
      'bad_name',
      place,
      `${shown(name)} is not a name in snake_case.`,
      'Call it like revenue_per_minute: lower case, digits, single underscores, at most 64.',
    );
  else if (reserved.includes(name) || isEnvelopeField(name))
    report('reserved_name', place, `${shown(name)} is ${what} already.`, 'Choose another name.');
};

/** The fields that the events named in `from` have, or may have. */
export const readFrom = (
  value: unknown,
  place: string,
  events: Events,
  what: string,
  report: Report,
): KnownFields => {
  const types = isList(value) ? value : [value];
  if (types.length === 0)
    report('wrong_shape', place, 'No event is named here.', 'Name at least one type of event.');
  const known = [...Object.keys(events), ...builtInTypes];
  const found = types.slice(0, bounds.eventsMax).flatMap((type, index) => {
    const at = isList(value) ? `${place}[${index}]` : place;
    if (typeof type !== 'string' || !known.includes(type)) {
      report('unknown_event', at, `There is no event ${shown(type)}.`, didYouMean(type, known));
      return [];
    }
    if (types.indexOf(type) !== index)
      report('name_taken', at, `${shown(type)} is named twice.`, 'Name it once.');
    return isBuiltIn(type) && !Object.hasOwn(events, type) ? [] : (events[type] ?? []);
  });
  return fieldsOf(found, what);
};

export const checkDimensions = (
  value: unknown,
  place: string,
  fields: KnownFields,
  taken: readonly string[],
  report: Report,
): readonly string[] => {
  if (value === undefined) return [];
  const names: string[] = [];
  readList(value, place, bounds.dimensionsMax, report).forEach((given, index) => {
    const at = `${place}[${index}]`;
    const type = readField(given, at, fields, report);
    if (!type) return;
    if (!isScalar(type))
      report(
        'wrong_type',
        at,
        `${shown(given)} is a whole ${type.kind}, not a single value.`,
        'Name one of its properties: address.city.',
      );
    const name = dimensionName(String(given));
    if (names.includes(name) || taken.includes(name))
      report(
        'name_taken',
        at,
        `There is a column ${shown(name)} already.`,
        'Name each dimension once.',
      );
    names.push(name);
  });
  return names;
};

const readField = (
  given: unknown,
  place: string,
  fields: KnownFields,
  report: Report,
): PropertyType | undefined => {
  const field = typeof given === 'string' ? fields.find(given) : undefined;
  if (!field)
    report(
      'unknown_property',
      place,
      `${fields.missing} ${shown(given)}.`,
      didYouMean(given, fields.names),
    );
  return field?.type;
};

const accepts: {
  readonly [kind in Exclude<Measure['kind'], 'count'>]: {
    readonly fits: (type: PropertyType) => boolean;
    readonly wanted: string;
  };
} = {
  sum: { fits: isNumeric, wanted: 'numbers' },
  avg: { fits: isNumeric, wanted: 'numbers' },
  quantiles: { fits: isNumeric, wanted: 'numbers' },
  min: { fits: isOrdered, wanted: 'numbers, times and strings' },
  max: { fits: isOrdered, wanted: 'numbers, times and strings' },
  uniq: { fits: isScalar, wanted: 'single values' },
};

const isFieldMeasure = (kind: unknown): kind is keyof typeof accepts =>
  typeof kind === 'string' && Object.hasOwn(accepts, kind);

export const checkMeasures = (
  value: unknown,
  place: string,
  fields: KnownFields,
  taken: readonly string[],
  report: Report,
): void => {
  const entries = isRecord(value) ? Object.entries(value) : [];
  if (entries.length === 0 || entries.length > bounds.measuresMax)
    report(
      'wrong_shape',
      place,
      `Here are ${entries.length} measures.`,
      `Give an object of 1 to ${bounds.measuresMax}: { orders: count() }.`,
    );
  for (const [name, measure] of entries.slice(0, bounds.measuresMax)) {
    const at = join(place, name);
    checkName(name, at, taken, 'a column', report);
    if (isRecord(measure) && measure.kind === 'count') continue;
    if (!isRecord(measure) || !isFieldMeasure(measure.kind)) {
      report(
        'wrong_shape',
        at,
        `This is ${shown(measure)}, not a measure.`,
        "Call one: count(), sum('value'), min, max, avg, uniq, quantiles('value', [0.5]).",
      );
      continue;
    }
    const type = readField(measure.field, at, fields, report);
    const { fits, wanted } = accepts[measure.kind];
    if (type && !fits(type))
      report(
        'wrong_type',
        at,
        `${measure.kind} takes ${wanted}; ${shown(measure.field)} is of type ${type.kind}.`,
        measure.kind === 'uniq' || isScalar(type)
          ? 'Measure another property, or declare it with the type it has.'
          : 'Name one of its properties: address.city.',
      );
    if (measure.kind === 'quantiles') checkLevels(measure.levels, join(at, 'levels'), report);
  }
};

export const checkLevels = (value: unknown, place: string, report: Report): void => {
  const levels = readList(value, place, bounds.dimensionsMax, report);
  const fits = levels.every((level) => typeof level === 'number' && level > 0 && level < 1);
  if (!fits || levels.length === 0 || new Set(levels).size !== levels.length)
    report(
      'bad_value',
      place,
      'The levels are shares of all values.',
      'Give different numbers between 0 and 1, as in [0.5, 0.95].',
    );
};

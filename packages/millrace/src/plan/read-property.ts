import type { Properties, Property, PropertyType } from '../define/property.ts';
import { isText } from './canonical-value.ts';
import {
  bounds,
  didYouMean,
  isRecord,
  join,
  type Report,
  readList,
  shown,
} from './contradiction.ts';
import { isPropertyName } from './names.ts';

/** The properties of an event or object that make sense; the others are reported. */
export const readProperties = (
  value: unknown,
  place: string,
  report: Report,
  depth = 0,
): Properties => {
  if (!isRecord(value)) {
    report(
      'wrong_shape',
      place,
      `This is ${shown(value)}, not properties.`,
      'Give an object of names and types: { price: decimal(18, 2) }.',
    );
    return {};
  }
  const entries = Object.entries(value);
  if (entries.length > bounds.propertiesMax)
    report(
      'out_of_bounds',
      place,
      `These are ${entries.length} properties.`,
      `Declare at most ${bounds.propertiesMax}; those not declared are kept as they come.`,
    );
  return Object.fromEntries(
    entries.slice(0, bounds.propertiesMax).flatMap(([name, given]) => {
      const at = join(place, name);
      if (!isPropertyName(name)) {
        report(
          'bad_name',
          at,
          `${shown(name)} cannot be the name of a property.`,
          'Use letters, digits and underscores, at most 64, no digit first; `rename` maps what senders call it.',
        );
        return [];
      }
      const property = readProperty(given, at, report, depth);
      return property ? [[name, property]] : [];
    }),
  );
};

const readProperty = (
  value: unknown,
  place: string,
  report: Report,
  depth: number,
): Property | undefined => {
  if (!isRecord(value) || value.kind !== 'optional') return readType(value, place, report, depth);
  const type = readType(value.type, place, report, depth);
  return type && { kind: 'optional', type };
};

const kinds = [
  'string',
  'enum',
  'boolean',
  'int32',
  'int64',
  'float64',
  'decimal',
  'timestamp',
  'uuid',
  'array',
  'object',
];

const readType = (
  value: unknown,
  place: string,
  report: Report,
  depth: number,
): PropertyType | undefined => {
  const kind = isRecord(value) ? value.kind : undefined;
  if (!isRecord(value) || typeof kind !== 'string') {
    report(
      'wrong_shape',
      place,
      `This is ${shown(value)}, not a type.`,
      'Call one of the types: string(), int32(), decimal(18, 2), oneOf(…), array(…), object({…}), …',
    );
    return undefined;
  }
  switch (kind) {
    case 'string':
    case 'boolean':
    case 'int32':
    case 'int64':
    case 'float64':
    case 'timestamp':
    case 'uuid':
      return { kind };
    case 'enum':
      return readEnum(value.values, place, report);
    case 'decimal':
      return readDecimal(value.precision, value.scale, place, report);
    case 'array':
    case 'object': {
      if (depth >= bounds.depthMax) {
        report(
          'out_of_bounds',
          place,
          'Objects and arrays are nested too deeply.',
          `Nest at most ${bounds.depthMax}.`,
        );
        return undefined;
      }
      if (kind === 'object') {
        const properties = readProperties(value.properties, place, report, depth + 1);
        return { kind, properties };
      }
      const element = readType(value.element, `${place}[]`, report, depth + 1);
      return element && { kind, element };
    }
    case 'optional':
      report(
        'wrong_shape',
        place,
        'Only a property can be optional, not the element of an array, and only once.',
        'Take the inner optional() away: an array can be empty.',
      );
      return undefined;
    default:
      report('wrong_shape', place, `There is no type ${shown(kind)}.`, didYouMean(kind, kinds));
      return undefined;
  }
};

const readEnum = (given: unknown, place: string, report: Report): PropertyType | undefined => {
  const list = readList(given, place, bounds.namesMax, report);
  const values = list.filter((value) => isText(value) && value.length > 0).map(String);
  if (values.length !== list.length || new Set(values).size !== values.length) {
    report(
      'bad_value',
      place,
      'The values of an enum are different, non-empty strings.',
      "Write them as oneOf('a', 'b').",
    );
    return undefined;
  }
  if (values.length === 0) {
    report('bad_value', place, 'This enum has no values: nothing fits it.', 'Name its values.');
    return undefined;
  }
  return { kind: 'enum', values };
};

const readDecimal = (
  precision: unknown,
  scale: unknown,
  place: string,
  report: Report,
): PropertyType | undefined => {
  const fits =
    typeof precision === 'number' &&
    typeof scale === 'number' &&
    Number.isInteger(precision) &&
    Number.isInteger(scale) &&
    precision >= 1 &&
    precision <= 18 &&
    scale >= 0 &&
    scale <= precision;
  if (fits) return { kind: 'decimal', precision, scale };
  report(
    'out_of_bounds',
    place,
    `decimal(${shown(precision)}, ${shown(scale)}) is not a decimal that can be kept exactly.`,
    'Give a precision of 1 to 18 digits, and a scale of 0 up to the precision.',
  );
  return undefined;
};

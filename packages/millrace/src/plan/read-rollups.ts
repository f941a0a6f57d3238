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
  readRecord,
  shown,
} from './contradiction.ts';
import { dimensionName, isSnakeCase } from './names.ts';
import type { Every } from './plan.ts';
import { dayMs, readDuration } from './read-duration.ts';
import { type KnownFields, readWhere } from './read-where.ts';
import { fieldNames, resolveField } from './resolve-field.ts';

const widthsMs: { readonly [every in Every]: number } = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: dayMs,
  week: 7 * dayMs,
  month: 31 * dayMs,
};

/** Names of tables that are there already. */
const reservedNames = ['events', 'dead_letters', 'bucket'];

export const checkRollups = (value: unknown, events: Events, report: Report): void => {
  if (value === undefined) return;
  const firstOf = new Map<string, number>();
  readList(value, 'rollups', bounds.rollupsMax, report).forEach((rollup, index) => {
    const place = `rollups[${index}]`;
    const name = isRecord(rollup) ? rollup.name : undefined;
    if (typeof name === 'string') {
      const first = firstOf.get(name);
      if (first === undefined) firstOf.set(name, index);
      else
        report(
          'name_taken',
          join(place, 'name'),
          `rollups[${first}] is called ${shown(name)} too.`,
          'Give each rollup a name of its own.',
        );
    }
    checkRollup(rollup, place, events, report);
  });
};

const checkRollup = (value: unknown, place: string, events: Events, report: Report): void => {
  const keys = ['name', 'from', 'every', 'by', 'where', 'measures', 'keep'];
  const rollup = readRecord(value, place, keys, report);
  if (!rollup) return;
  checkName(rollup.name, join(place, 'name'), reservedNames, 'a table', report);
  const every = Object.keys(widthsMs).find((width) => width === rollup.every);
  if (every === undefined)
    report(
      'bad_value',
      join(place, 'every'),
      `${shown(rollup.every)} is not the width of a bucket.`,
      didYouMean(rollup.every, Object.keys(widthsMs)),
    );
  const fields = readFrom(rollup.from, join(place, 'from'), events, report);
  const dimensions = checkDimensions(rollup.by, join(place, 'by'), fields, report);
  if (rollup.where !== undefined) readWhere(rollup.where, join(place, 'where'), fields, report);
  checkMeasures(rollup.measures, join(place, 'measures'), fields, dimensions, report);
  readDuration(rollup.keep, join(place, 'keep'), { minMs: widthOf(every) }, report);
};

const widthOf = (every: string | undefined): number =>
  Object.entries(widthsMs).find(([width]) => width === every)?.[1] ?? 1_000;

const checkName = (
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
const readFrom = (value: unknown, place: string, events: Events, report: Report): KnownFields => {
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
  return { find: (name) => resolveField(name, found), names: fieldNames(found) };
};

const checkDimensions = (
  value: unknown,
  place: string,
  fields: KnownFields,
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
    if (names.includes(name) || name === 'bucket')
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
      `No event of this rollup has ${shown(given)}.`,
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

const checkMeasures = (
  value: unknown,
  place: string,
  fields: KnownFields,
  dimensions: readonly string[],
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
    checkName(name, at, ['bucket', ...dimensions], 'a column', report);
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

const checkLevels = (value: unknown, place: string, report: Report): void => {
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

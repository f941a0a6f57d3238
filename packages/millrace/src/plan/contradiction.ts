import { nearestName } from './names.ts';

/** One thing in a definition that cannot be, where, and what to do about it. */
export interface Contradiction {
  readonly code: ContradictionCode;
  /** `rollups[1].measures.revenue`; empty for the definition as a whole. */
  readonly place: string;
  readonly message: string;
  readonly mend: string;
}

export type ContradictionCode =
  /** Something else than was asked for: a number for a list, no name at all. */
  | 'wrong_shape'
  /** A key that means nothing, probably misspelt. */
  | 'unknown_option'
  | 'bad_name'
  | 'reserved_name'
  | 'name_taken'
  | 'unknown_event'
  | 'unknown_property'
  | 'unknown_window'
  /** One name with two types, a measure or a condition of a type it cannot take. */
  | 'wrong_type'
  | 'bad_value'
  | 'bad_duration'
  /** More, less, deeper or longer than there may be. */
  | 'out_of_bounds'
  | 'parts_budget';

export interface Bounds {
  readonly eventsMax: number;
  readonly propertiesMax: number;
  readonly pathsMax: number;
  readonly rollupsMax: number;
  readonly windowsMax: number;
  readonly alertsMax: number;
  readonly windowsPerEventMax: number;
  readonly measuresMax: number;
  readonly dimensionsMax: number;
  readonly namesMax: number;
  readonly depthMax: number;
}

/** How large a definition may be: what one insert and one table bear. */
export const bounds: Bounds = {
  eventsMax: 500,
  propertiesMax: 500,
  /** Properties of all events together, those inside objects counted: what one JSON column takes. */
  pathsMax: 1_000,
  rollupsMax: 100,
  windowsMax: 100,
  alertsMax: 100,
  /** Hopping windows that one event may lie in. */
  windowsPerEventMax: 1_440,
  measuresMax: 50,
  dimensionsMax: 16,
  /** Values of an enum or an `in`, aliases, renames, levels. */
  namesMax: 1_000,
  /** Objects and arrays within each other, conditions within each other. */
  depthMax: 8,
};

export type Report = (
  code: ContradictionCode,
  place: string,
  message: string,
  mend: string,
) => void;

export type UnknownRecord = { readonly [key: string]: unknown };

export const isRecord = (value: unknown): value is UnknownRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** How a value is shown in a message, whatever it is. */
export const shown = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100));
  if (typeof value === 'number' || typeof value === 'boolean' || value == null)
    return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (isList(value)) return 'a list';
  return typeof value === 'function' ? 'a function' : 'an object';
};

/** A record with no other keys than these; undefined, and reported, if it is none. */
export const readRecord = (
  value: unknown,
  place: string,
  keys: readonly string[],
  report: Report,
): UnknownRecord | undefined => {
  if (!isRecord(value)) {
    report('wrong_shape', place, `This is ${shown(value)}, not an object.`, 'Give an object.');
    return undefined;
  }
  for (const key of Object.keys(value))
    if (!keys.includes(key))
      report(
        'unknown_option',
        join(place, key),
        `There is no option ${shown(key)} here.`,
        didYouMean(key, keys),
      );
  return value;
};

/** A list of at most `max`; empty, and reported, if it is none. */
export const readList = (
  value: unknown,
  place: string,
  max: number,
  report: Report,
): readonly unknown[] => {
  if (!isList(value)) {
    report('wrong_shape', place, `This is ${shown(value)}, not a list.`, 'Give a list.');
    return [];
  }
  if (value.length > max)
    report('out_of_bounds', place, `These are ${value.length}.`, `Give at most ${max}.`);
  return value.slice(0, max);
};

export const join = (place: string, key: string): string =>
  place === '' ? key : `${place}.${key}`;

/** A mend for a name that is not there. */
export const didYouMean = (name: unknown, known: readonly string[]): string => {
  const near = typeof name === 'string' ? nearestName(name, known) : undefined;
  if (near !== undefined) return `Did you mean ${shown(near)}?`;
  const some = known.slice(0, 12).join(', ');
  return known.length === 0
    ? 'Leave it out.'
    : `There are: ${some}${known.length > 12 ? ', …' : ''}.`;
};

/*
 * What a pipeline must make of events, counted anew from nothing but its
 * definition. Nothing here is the product's: it shares no mistake with it.
 */

export interface TypeText {
  readonly kind: string;
  readonly scale?: number;
  readonly properties?: { readonly [name: string]: PropertyText };
}

/** A type, or `optional` with the type it may be absent of. */
export interface PropertyText extends TypeText {
  readonly type?: TypeText;
}

export interface MeasureText {
  readonly kind: string;
  readonly field?: string;
  readonly levels?: readonly number[];
}

export interface WhereText {
  readonly [name: string]: unknown;
}

/** What rollups and windows have in common. */
export interface AggregationText {
  readonly name: string;
  readonly from: string | readonly string[];
  readonly by?: readonly string[];
  readonly where?: WhereText | undefined;
  readonly measures: { readonly [name: string]: MeasureText };
}

export interface RollupText extends AggregationText {
  readonly every: string;
}

/** Of one of three kinds. */
export interface WindowText extends AggregationText {
  readonly tumbling?: string;
  readonly hopping?: { readonly size: string; readonly every: string };
  readonly session?: { readonly gap: string; readonly max: string };
  /** How many events a result has at least, by the name of a count. */
  readonly having?: { readonly [measure: string]: { readonly gte: number } } | undefined;
}

export interface PipelineText {
  readonly events: {
    readonly [type: string]: { readonly properties: { readonly [name: string]: PropertyText } };
  };
  readonly rollups?: readonly RollupText[];
  readonly windows?: readonly WindowText[];
}

/** An event that counts: decimals and int64 as text, times as epoch milliseconds, what is absent left out. */
export interface CountedEvent {
  readonly event_id: string;
  readonly type: string;
  readonly timestamp: number;
  readonly late: boolean;
  readonly user_id?: string;
  readonly session_id?: string;
  readonly properties: { readonly [name: string]: unknown };
}

export type Scalar = string | number | boolean;

/** What a cell must hold: exactly that, or a number near enough to one of these. */
export type Expected =
  | { readonly exactly: Scalar | null }
  | { readonly near: readonly number[]; readonly within: (value: number) => number };

export interface ExpectedRow {
  /** Of a rollup the bucket, of a window where it starts and ends (epoch ms). */
  readonly times: readonly number[];
  readonly dimensions: readonly (Scalar | null)[];
  /** By the measure's name; of quantiles one for each level. */
  readonly measures: { readonly [name: string]: Expected | readonly Expected[] };
}

const envelope: { readonly [name: string]: TypeText } = {
  event_id: { kind: 'string' },
  type: { kind: 'string' },
  timestamp: { kind: 'timestamp' },
  user_id: { kind: 'string' },
  session_id: { kind: 'string' },
  late: { kind: 'boolean' },
};

const typeIn = (property: PropertyText | undefined): TypeText | undefined =>
  property?.kind === 'optional' ? property.type : property;

/** The type behind a field's name: one name has one type in all events. */
export function typeOfField(pipeline: PipelineText, field: string): TypeText {
  const own = envelope[field];
  if (own !== undefined) return own;
  for (const { properties } of Object.values(pipeline.events)) {
    const [first = '', ...rest] = field.split('.');
    let found = typeIn(properties[first]);
    for (const step of rest) found = typeIn(found?.properties?.[step]);
    if (found !== undefined) return found;
  }
  throw new Error(`no event has ${field}`);
}

function fieldOf(event: CountedEvent, field: string): Scalar | undefined {
  let found: unknown = event;
  for (const step of Object.hasOwn(envelope, field) ? [field] : ['properties', ...field.split('.')])
    found = typeof found === 'object' && found !== null ? Reflect.get(found, step) : undefined;
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
    ? found
    : undefined;
}

/** A decimal or an integer in its smallest unit. */
function unscaled(value: Scalar, { scale = 0 }: TypeText): bigint {
  const [whole = '', fraction = ''] = String(value).split('.');
  return BigInt(`${whole}${fraction.padEnd(scale, '0')}`);
}

const isExact = ({ kind }: TypeText): boolean => kind === 'decimal' || kind === 'int64';

function order(a: Scalar, b: Scalar, type: TypeText): number {
  if (isExact(type)) {
    const difference = unscaled(a, type) - unscaled(b, type);
    return difference === 0n ? 0 : difference < 0n ? -1 : 1;
  }
  if (typeof a === 'string' && typeof b === 'string')
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a === b ? 0 : a < b ? -1 : 1;
}

const operators: { readonly [name: string]: (order: number) => boolean } = {
  eq: (n) => n === 0,
  ne: (n) => n !== 0,
  lt: (n) => n < 0,
  lte: (n) => n <= 0,
  gt: (n) => n > 0,
  gte: (n) => n >= 0,
};

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether all that a `where` names holds. */
function holds(where: unknown, event: CountedEvent, pipeline: PipelineText): boolean {
  if (!isRecord(where)) throw new Error('a condition is an object');
  return Object.entries(where).every(([name, said]) => {
    const each = Array.isArray(said) ? said : [];
    if (name === 'and') return each.every((one) => holds(one, event, pipeline));
    if (name === 'or') return each.some((one) => holds(one, event, pipeline));
    if (name === 'not') return !holds(said, event, pipeline);
    const type = typeOfField(pipeline, name);
    const value = fieldOf(event, name);
    const against = (other: unknown): number | undefined =>
      value === undefined ? undefined : order(value, operand(other, type), type);
    const predicates = isRecord(said) ? Object.entries(said) : [['eq', said] as const];
    return predicates.every(([operator, other]) => {
      if (operator === 'present') return (value !== undefined) === other;
      if (operator === 'in') return Array.isArray(other) && other.some((one) => against(one) === 0);
      const found = against(other);
      return found !== undefined && operators[operator]?.(found) === true;
    });
  });
}

function operand(given: unknown, { kind }: TypeText): Scalar {
  if (kind === 'timestamp' && typeof given === 'string') return Date.parse(given);
  if (typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean')
    return given;
  throw new Error(`${given} compares with nothing`);
}

/** The start of the bucket by the calendar of UTC; weeks start on Monday. */
function bucketOf(ms: number, every: string): number {
  const widths: { readonly [every: string]: number } = {
    second: 1_000,
    minute: 60_000,
    hour: 3_600_000,
    day: 86_400_000,
  };
  const width = widths[every];
  if (width !== undefined) return Math.floor(ms / width) * width;
  const date = new Date(ms);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (every === 'month') return Date.UTC(year, month, 1);
  if (every === 'week') return Date.UTC(year, month, day - ((date.getUTCDay() + 6) % 7));
  throw new Error(`there is no bucket of a ${every}`);
}

/** The rows of a rollup. */
export function recompute(
  rollup: RollupText,
  pipeline: PipelineText,
  events: readonly CountedEvent[],
): readonly ExpectedRow[] {
  const groups = new Map<string, Group>();
  for (const event of events) {
    if (!isAbout(rollup, event, pipeline)) continue;
    const times = [bucketOf(event.timestamp, rollup.every)];
    const dimensions = dimensionsOf(rollup, event);
    const key = JSON.stringify([times, dimensions]);
    const group = groups.get(key) ?? { times, dimensions, events: [] };
    group.events.push(event);
    groups.set(key, group);
  }
  return [...groups.values()].map((group) => rowOf(group, rollup, pipeline));
}

/** The results of a window, once all of them are out. */
export function recomputeWindow(
  window: WindowText,
  pipeline: PipelineText,
  events: readonly CountedEvent[],
): readonly ExpectedRow[] {
  const keys = new Map<string, { dimensions: Group['dimensions']; events: CountedEvent[] }>();
  for (const event of events) {
    if (event.late || !isAbout(window, event, pipeline)) continue;
    const dimensions = dimensionsOf(window, event);
    const key = JSON.stringify(dimensions);
    const one = keys.get(key) ?? { dimensions, events: [] };
    one.events.push(event);
    keys.set(key, one);
  }
  return [...keys.values()]
    .flatMap((one) => stretchesOf(window, one.events).map((stretch) => ({ ...one, ...stretch })))
    .filter((group) =>
      Object.values(window.having ?? {}).every(({ gte }) => group.events.length >= gte),
    )
    .map((group) => rowOf(group, window, pipeline));
}

interface Stretch {
  readonly times: readonly number[];
  readonly events: CountedEvent[];
}

interface Group extends Stretch {
  readonly dimensions: (Scalar | null)[];
}

/** Of the events of one key. */
function stretchesOf(window: WindowText, events: readonly CountedEvent[]): readonly Stretch[] {
  if (window.session !== undefined) return sessionsOf(window.session, events);
  const size = msOf(window.hopping?.size ?? window.tumbling ?? '');
  const every = msOf(window.hopping?.every ?? window.tumbling ?? '');
  const starts = new Set<number>();
  for (const { timestamp } of events)
    for (let start = floor(timestamp, every); start + size > timestamp; start -= every)
      starts.add(start);
  return [...starts].map((start) => ({
    times: [start, start + size],
    events: events.filter(({ timestamp }) => start <= timestamp && timestamp < start + size),
  }));
}

function sessionsOf(
  session: { readonly gap: string; readonly max: string },
  events: readonly CountedEvent[],
): readonly Stretch[] {
  const [gap, max] = [msOf(session.gap), msOf(session.max)];
  const found: CountedEvent[][] = [];
  for (const event of events.toSorted((a, b) => a.timestamp - b.timestamp)) {
    const last = found.at(-1)?.at(-1)?.timestamp ?? Number.NEGATIVE_INFINITY;
    const goesOn = event.timestamp - last < gap && floor(event.timestamp, max) === floor(last, max);
    if (goesOn) found.at(-1)?.push(event);
    else found.push([event]);
  }
  return found.map((members) => {
    const times = members.map(({ timestamp }) => timestamp);
    const [first, last] = [Math.min(...times), Math.max(...times)];
    return { times: [first, Math.min(last + gap, floor(last, max) + max)], events: members };
  });
}

const floor = (ms: number, width: number): number => Math.floor(ms / width) * width;

/** Milliseconds of `15s`, `1m` or `2h`. */
export function msOf(duration: string): number {
  const units: { readonly [unit: string]: number } = { s: 1_000, m: 60_000, h: 3_600_000 };
  const unit = units[duration.slice(-1)];
  if (unit === undefined) throw new Error(`${duration} is no duration`);
  return Number(duration.slice(0, -1)) * unit;
}

const isAbout = (
  { from, where }: AggregationText,
  event: CountedEvent,
  pipeline: PipelineText,
): boolean =>
  [from].flat().includes(event.type) && (where === undefined || holds(where, event, pipeline));

const dimensionsOf = ({ by = [] }: AggregationText, event: CountedEvent): (Scalar | null)[] =>
  by.map((field) => fieldOf(event, field) ?? null);

const rowOf = (
  { times, dimensions, events }: Group,
  { measures }: AggregationText,
  pipeline: PipelineText,
): ExpectedRow => ({
  times,
  dimensions,
  measures: Object.fromEntries(
    Object.entries(measures).map(([name, measure]) => [name, measured(measure, pipeline, events)]),
  ),
});

function measured(
  { kind, field = '', levels = [] }: MeasureText,
  pipeline: PipelineText,
  events: readonly CountedEvent[],
): Expected | readonly Expected[] {
  if (kind === 'count') return { exactly: String(events.length) };
  const type = typeOfField(pipeline, field);
  const values = events
    .flatMap((event) => fieldOf(event, field) ?? [])
    .sort((a, b) => order(a, b, type));
  const { scale = 0 } = type;
  const numbers = values.map(Number);
  const size = numbers.reduce((sum, value) => sum + Math.abs(value), 0);
  switch (kind) {
    case 'min':
      return { exactly: values[0] ?? null };
    case 'max':
      return { exactly: values.at(-1) ?? null };
    case 'uniq':
      return { exactly: String(new Set(values).size) };
    case 'sum':
      if (type.kind === 'float64')
        return { near: [numbers.reduce((a, b) => a + b, 0)], within: () => size * 1e-9 };
      return { exactly: inDigits(total(values, type), scale) };
    case 'avg':
      if (values.length === 0) return { exactly: null };
      return {
        near: [
          type.kind === 'float64'
            ? numbers.reduce((a, b) => a + b, 0) / values.length
            : Number(total(values, type)) / 10 ** scale / values.length,
        ],
        within: () => (size / values.length) * 1e-9,
      };
    case 'quantiles':
      return levels.map((level): Expected => {
        if (values.length === 0) return { exactly: null };
        const rank = level * (values.length - 1);
        return {
          near: [Math.floor(rank), Math.ceil(rank)].map((at) => numbers[at] ?? 0),
          within: sketchError(type),
        };
      });
    default:
      throw new Error(`there is no measure ${kind}`);
  }
}

/** One percent of the value; three where a float is small; what is smaller still counts as 0. */
const sketchError =
  ({ kind }: TypeText) =>
  (value: number): number => {
    const size = Math.abs(value);
    if (size < 1e-30) return 1e-30;
    return size * (kind === 'float64' && size < 1e-8 ? 0.031 : 0.010_001);
  };

const total = (values: readonly Scalar[], type: TypeText): bigint =>
  values.reduce((sum, value) => sum + unscaled(value, type), 0n);

function inDigits(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return value < 0n ? `-${text}` : text;
}

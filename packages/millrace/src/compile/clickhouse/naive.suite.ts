import type { Condition, Every, FieldPlan, RollupPlan } from '../../plan/plan.ts';

/** An event in its canonical form, as its line in the log has it. */
export interface CanonicalEvent {
  readonly event_id: string;
  readonly type: string;
  readonly timestamp: number;
  readonly received_at: number;
  readonly appended_at: number;
  readonly late: boolean;
  readonly user_id?: string;
  readonly anonymous_id?: string;
  readonly session_id?: string;
  readonly properties: { readonly [name: string]: unknown };
  readonly context?: { readonly [name: string]: unknown };
}

export type Scalar = string | number | boolean;

/** The value of a field in canonical form; undefined if the event lacks it. */
export const fieldOf = (event: CanonicalEvent, field: FieldPlan): Scalar | undefined => {
  const steps = field.source === 'property' ? ['properties', ...field.path] : [field.name];
  const found = steps.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null
        ? Object.entries(inner).find(([name]) => name === step)?.[1]
        : undefined,
    event,
  );
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
    ? found
    : undefined;
};

/** A number that compares exactly: decimals and int64 as integers of their smallest unit. */
const exact = (value: Scalar, field: FieldPlan): Scalar | bigint =>
  field.type.kind === 'decimal' || field.type.kind === 'int64'
    ? BigInt(String(value).replace('.', ''))
    : value;

/** Negative, 0 or positive. Strings by their bytes. */
export const compare = (a: Scalar, b: Scalar, field: FieldPlan): number => {
  const [left, right] = [exact(a, field), exact(b, field)];
  if (typeof left === 'string' && typeof right === 'string')
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  return left === right ? 0 : left < right ? -1 : 1;
};

export const holds = (condition: Condition, event: CanonicalEvent): boolean =>
  holdsOf(condition, (field) => fieldOf(event, field));

/** The same, whatever has the fields. */
export const holdsOf = (
  condition: Condition,
  valueAt: (field: FieldPlan) => Scalar | undefined,
): boolean => {
  switch (condition.kind) {
    case 'and':
      return condition.conditions.every((one) => holdsOf(one, valueAt));
    case 'or':
      return condition.conditions.some((one) => holdsOf(one, valueAt));
    case 'not':
      return !holdsOf(condition.condition, valueAt);
    case 'present':
      return valueAt(condition.field) !== undefined;
    case 'in': {
      const value = valueAt(condition.field);
      return (
        value !== undefined &&
        condition.values.some((one) => compare(value, one, condition.field) === 0)
      );
    }
    case 'compare': {
      const value = valueAt(condition.field);
      if (value === undefined) return false;
      const order = compare(value, condition.value, condition.field);
      return {
        eq: order === 0,
        ne: order !== 0,
        lt: order < 0,
        lte: order <= 0,
        gt: order > 0,
        gte: order >= 0,
      }[condition.operator];
    }
  }
};

/** The start of the bucket, by the calendar of `Date`. */
export const bucketOf = (timestamp: number, every: Every): number => {
  const t = new Date(timestamp);
  const [y, mo, d, h, mi, s] = [
    t.getUTCFullYear(),
    t.getUTCMonth(),
    t.getUTCDate(),
    t.getUTCHours(),
    t.getUTCMinutes(),
    t.getUTCSeconds(),
  ];
  switch (every) {
    case 'second':
      return Date.UTC(y, mo, d, h, mi, s);
    case 'minute':
      return Date.UTC(y, mo, d, h, mi);
    case 'hour':
      return Date.UTC(y, mo, d, h);
    case 'day':
      return Date.UTC(y, mo, d);
    case 'week':
      return Date.UTC(y, mo, d - ((t.getUTCDay() + 6) % 7));
    case 'month':
      return Date.UTC(y, mo, 1);
  }
};

export interface NaiveRow {
  readonly bucket: number;
  readonly dimensions: readonly (Scalar | null)[];
  readonly events: readonly CanonicalEvent[];
}

/** The rows a rollup must have, each with the events it is made of. */
export const rowsOf = (
  rollup: RollupPlan,
  events: readonly CanonicalEvent[],
): ReadonlyMap<string, NaiveRow> => {
  const rows = new Map<string, NaiveRow & { readonly events: CanonicalEvent[] }>();
  for (const event of events) {
    if (!rollup.from.includes(event.type)) continue;
    if (rollup.where && !holds(rollup.where, event)) continue;
    const bucket = bucketOf(event.timestamp, rollup.every);
    const dimensions = rollup.by.map(({ field }) => fieldOf(event, field) ?? null);
    const key = JSON.stringify([bucket, ...dimensions]);
    const row = rows.get(key) ?? { bucket, dimensions, events: [] };
    row.events.push(event);
    rows.set(key, row);
  }
  return rows;
};

/** The values of a field that are there, in canonical form, from the least to the greatest. */
export const valuesOf = (events: readonly CanonicalEvent[], field: FieldPlan): readonly Scalar[] =>
  events.flatMap((event) => fieldOf(event, field) ?? []).sort((a, b) => compare(a, b, field));

/** The exact sum of decimals or integers, in the smallest unit. */
export const exactSum = (values: readonly Scalar[]): bigint =>
  values.reduce((total, value) => total + BigInt(String(value).replace('.', '')), 0n);

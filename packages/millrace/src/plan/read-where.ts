import type { PropertyType } from '../define/property.ts';
import { isOrdered, isScalar } from '../define/property-types.ts';
import { canonicalValue } from './canonical-value.ts';
import {
  bounds,
  didYouMean,
  isRecord,
  join,
  type Report,
  readList,
  shown,
} from './contradiction.ts';
import type { Condition, FieldPlan } from './plan.ts';

/** What the names in a condition stand for. */
export interface KnownFields {
  readonly find: (name: string) => FieldPlan | undefined;
  readonly names: readonly string[];
  /** What is said of a name that is not there: `No event of this rollup has`. */
  readonly missing: string;
}

type Compare = Extract<Condition, { readonly kind: 'compare' }>;

const equalities: readonly string[] = ['eq', 'ne'];
const orders: readonly string[] = ['lt', 'lte', 'gt', 'gte'];

const isOperator = (name: string): name is Compare['operator'] =>
  equalities.includes(name) || orders.includes(name);

/** The condition that a `where` means; what makes no sense is reported and left out. */
export const readWhere = (
  value: unknown,
  place: string,
  fields: KnownFields,
  report: Report,
  depth = 0,
): Condition => {
  const all = (conditions: readonly Condition[]): Condition => {
    const [only] = conditions;
    return conditions.length === 1 && only ? only : { kind: 'and', conditions };
  };
  if (!isRecord(value)) {
    report(
      'wrong_shape',
      place,
      `This is ${shown(value)}, not a condition.`,
      "Write { value: { gt: '0' } }.",
    );
    return all([]);
  }
  if (depth > bounds.depthMax) {
    report(
      'out_of_bounds',
      place,
      'Conditions are nested too deeply.',
      `Nest at most ${bounds.depthMax}.`,
    );
    return all([]);
  }
  const inner = (nested: unknown, at: string): Condition =>
    readWhere(nested, at, fields, report, depth + 1);
  return all(
    Object.entries(value).flatMap(([name, given]): readonly Condition[] => {
      const at = join(place, name);
      if (given === undefined) return [];
      if (name === 'not') return [{ kind: 'not', condition: inner(given, at) }];
      if (name === 'and' || name === 'or') {
        const list = readList(given, at, bounds.namesMax, report);
        return [{ kind: name, conditions: list.map((one, i) => inner(one, `${at}[${i}]`)) }];
      }
      const field = fields.find(name);
      if (!field) {
        report(
          'unknown_property',
          at,
          `${fields.missing} ${shown(name)}.`,
          didYouMean(name, fields.names),
        );
        return [];
      }
      if (!isScalar(field.type)) {
        report(
          'wrong_type',
          at,
          `A whole ${field.type.kind} cannot be compared.`,
          'Compare one of its properties: address.city.',
        );
        return [];
      }
      return readPredicate(given, at, field, report);
    }),
  );
};

const readPredicate = (
  given: unknown,
  place: string,
  field: FieldPlan,
  report: Report,
): readonly Condition[] => {
  if (!isRecord(given) || given instanceof Date) {
    const value = readValue(given, place, field.type, report);
    return value === undefined ? [] : [{ kind: 'compare', field, operator: 'eq', value }];
  }
  const present: Condition = { kind: 'present', field };
  return Object.entries(given).flatMap(([operator, operand]): readonly Condition[] => {
    const at = join(place, operator);
    if (operand === undefined) return [];
    if (operator === 'present') {
      if (typeof operand === 'boolean')
        return [operand ? present : { kind: 'not', condition: present }];
      report('bad_value', at, `This is ${shown(operand)}.`, 'Say true or false.');
      return [];
    }
    if (operator === 'in') {
      const values = readList(operand, at, bounds.namesMax, report).flatMap(
        (one, i) => readValue(one, `${at}[${i}]`, field.type, report) ?? [],
      );
      return [{ kind: 'in', field, values }];
    }
    if (!isOperator(operator)) {
      report(
        'unknown_option',
        at,
        `There is no operator ${shown(operator)}.`,
        didYouMean(operator, [...equalities, ...orders, 'in', 'present']),
      );
      return [];
    }
    if (orders.includes(operator) && !isOrdered(field.type)) {
      report(
        'wrong_type',
        at,
        `Of two values of type ${field.type.kind} none is the less.`,
        'Use eq, ne or in.',
      );
      return [];
    }
    const value = readValue(operand, at, field.type, report);
    return value === undefined ? [] : [{ kind: 'compare', field, operator, value }];
  });
};

const readValue = (
  given: unknown,
  place: string,
  type: PropertyType,
  report: Report,
): string | number | boolean | undefined => {
  const value = canonicalValue(type, given);
  if (value === undefined)
    report(
      'wrong_type',
      place,
      `${shown(given)} is not ${described(type)}.`,
      'Compare like with like.',
    );
  return value;
};

const described = (type: PropertyType): string => {
  switch (type.kind) {
    case 'enum':
      return `one of ${type.values.slice(0, 12).join(', ')}`;
    case 'decimal':
      return `a decimal(${type.precision}, ${type.scale})`;
    case 'timestamp':
      return 'a time (a Date, or ISO 8601 text)';
    default:
      return `of type ${type.kind}`;
  }
};

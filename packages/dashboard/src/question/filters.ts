import type { Field } from './fields.ts';
import { isOrdered } from './fields.ts';

const equalities = ['eq', 'ne', 'in'] as const;
const orders = ['lt', 'lte', 'gt', 'gte'] as const;
const presences = ['present', 'absent'] as const;
const operators = [...equalities, ...orders, ...presences];
export type Operator = (typeof operators)[number];

/** One of the conditions, all of which must hold. */
export interface Filter {
  readonly field: string;
  readonly operator: Operator;
  /** As it is typed; of `in`, values between commas. */
  readonly value: string;
}

export const isOperator = (text: string): text is Operator =>
  operators.some((operator) => operator === text);

export const needsValue = ({ operator }: Pick<Filter, 'operator'>): boolean =>
  !presences.some((presence) => presence === operator);

export const operatorsOf = (field: Field): readonly Operator[] =>
  isOrdered(field) ? operators : [...equalities, ...presences];

/** In an address: `value:gte:250.00`. */
export const filterText = ({ field, operator, value }: Filter): string =>
  `${field}:${operator}:${value}`;

export function readFilter(text: string): Filter | undefined {
  const [field = '', operator = '', ...rest] = text.split(':');
  return field !== '' && isOperator(operator)
    ? { field, operator, value: rest.join(':') }
    : undefined;
}

export type Where = { readonly [name: string]: unknown };

/** The `where` of a question; undefined where nothing is asked. A filter without its value is not one yet. */
export function whereOf(filters: readonly Filter[], fields: readonly Field[]): Where | undefined {
  const conditions = filters.flatMap((filter) => {
    const field = fields.find(({ name }) => name === filter.field);
    const isWhole = !needsValue(filter) || filter.value !== '';
    return field && isWhole ? [conditionOf(filter, field)] : [];
  });
  if (conditions.length === 0) return undefined;
  const names = conditions.flatMap((condition) => Object.keys(condition));
  // Within one object each field can be named once.
  return new Set(names).size === names.length
    ? Object.assign({}, ...conditions)
    : { and: conditions };
}

function conditionOf({ field, operator, value }: Filter, of: Field): Where {
  switch (operator) {
    case 'present':
      return { [field]: { present: true } };
    case 'absent':
      return { [field]: { present: false } };
    case 'in':
      return {
        [field]: {
          in: value
            .split(',')
            .map((one) => typed(one.trim(), of))
            .filter((one) => one !== ''),
        },
      };
    case 'eq':
      return { [field]: typed(value, of) };
    default:
      return { [field]: { [operator]: typed(value, of) } };
  }
}

/** What cannot be of the type stays text, and the server says what is wrong with it. */
function typed(text: string, { kind }: Field): unknown {
  if (kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  const isNumber = kind === 'int32' || kind === 'float64';
  if (isNumber && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  return text;
}

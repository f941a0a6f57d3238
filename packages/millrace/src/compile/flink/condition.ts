import type { Condition, FieldPlan } from '../../plan/plan.ts';
import { fieldExpression, fieldType } from './field.ts';
import { call, cast, type Expression, type InfixOperator, infix, literal } from './nodes.ts';
import { inOrder } from './order.ts';

const operators: {
  readonly [operator in (Condition & { kind: 'compare' })['operator']]: InfixOperator;
} = {
  eq: '=',
  ne: '<>',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
};

/**
 * True or false, never null: a comparison with an absent value is false, so
 * that its negation is true.
 */
export const conditionExpression = (condition: Condition): Expression => {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.conditions.length === 0
        ? literal(condition.kind === 'and')
        : infix(
            condition.kind === 'and' ? 'AND' : 'OR',
            ...condition.conditions.map(conditionExpression),
          );
    case 'not':
      return { node: 'not', operand: conditionExpression(condition.condition) };
    case 'present':
      return { node: 'is not null', operand: fieldExpression(condition.field) };
    case 'compare': {
      const { field, operator } = condition;
      const sides = [fieldExpression(field), value(field, condition.value)];
      const isOrder = operator !== 'eq' && operator !== 'ne';
      return falseIfAbsent(
        infix(
          operators[operator],
          ...(isOrder ? sides.map((side) => inOrder(field, side)) : sides),
        ),
      );
    }
    case 'in':
      return condition.values.length === 0
        ? literal(false)
        : falseIfAbsent(isOneOf(condition.field, condition.values));
  }
};

export const isOneOf = (
  field: FieldPlan,
  values: readonly (string | number | boolean)[],
): Expression => ({
  node: 'in',
  value: fieldExpression(field),
  among: values.map((one) => value(field, one)),
});

const falseIfAbsent = (comparison: Expression): Expression =>
  call('COALESCE', comparison, literal(false));

/**
 * A value in the plan's canonical form, at the type of the field it is compared
 * with: left to itself Flink takes `1.5` for a decimal and pads short strings.
 */
const value = (field: FieldPlan, canonical: string | number | boolean): Expression =>
  typeof canonical === 'boolean'
    ? literal(canonical)
    : cast(literal(digitsOf(field, String(canonical))), fieldType(field));

/** Flink (2.3) finds no place in a decimal that is all behind the point for the zero before it. */
const digitsOf = ({ type }: FieldPlan, text: string): string =>
  type.kind === 'decimal' && type.precision === type.scale ? text.replace('0.', '.') : text;

import type { Condition, FieldPlan } from '../../plan/plan.ts';
import { fieldExpression, mayBeAbsent } from './field.ts';
import { call, type Expression, type InfixOperator, infix, literal, tuple } from './nodes.ts';

const operators: {
  readonly [operator in (Condition & { kind: 'compare' })['operator']]: InfixOperator;
} = {
  eq: '=',
  ne: '!=',
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
      return call('not', conditionExpression(condition.condition));
    case 'present':
      return call('isNotNull', fieldExpression(condition.field));
    case 'compare':
      return falseIfAbsent(
        condition.field,
        infix(
          operators[condition.operator],
          fieldExpression(condition.field),
          value(condition.field, condition.value),
        ),
      );
    case 'in':
      return falseIfAbsent(
        condition.field,
        infix(
          'IN',
          fieldExpression(condition.field),
          tuple(...condition.values.map((one) => value(condition.field, one))),
        ),
      );
  }
};

const falseIfAbsent = (field: FieldPlan, comparison: Expression): Expression =>
  mayBeAbsent(field) ? call('ifNull', comparison, literal(false)) : comparison;

/** A value in the plan's canonical form, at the type of the field it is compared with. */
const value = ({ type }: FieldPlan, canonical: string | number | boolean): Expression => {
  switch (type.kind) {
    case 'int64':
      return call('toInt64', literal(canonical));
    case 'decimal':
      return call('toDecimal64', literal(canonical), literal(type.scale));
    case 'uuid':
      return call('toUUID', literal(canonical));
    case 'timestamp':
      return call('fromUnixTimestamp64Milli', call('toInt64', literal(canonical)), literal('UTC'));
    default:
      return literal(canonical);
  }
};

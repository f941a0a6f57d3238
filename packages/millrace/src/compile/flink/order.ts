import type { FieldPlan } from '../../plan/plan.ts';
import { call, type Expression, literal } from './nodes.ts';

/*
 * The order of strings is that of their bytes in UTF-8. Flink's own depends on
 * where a string comes from: one that was read from JSON is compared by UTF-16
 * units, which puts U+FF00 behind U+12507. Hexadecimal digits have one order.
 */

const hasOwnOrder = ({ type }: FieldPlan): boolean => type.kind !== 'string';

/** What stands for the value of a field where values are compared by their order. */
export const inOrder = (field: FieldPlan, value: Expression): Expression =>
  hasOwnOrder(field) ? value : call('HEX', value);

/** The value again. */
export const outOfOrder = (field: FieldPlan, ordered: Expression): Expression =>
  hasOwnOrder(field) ? ordered : call('DECODE', call('UNHEX', ordered), literal('UTF-8'));

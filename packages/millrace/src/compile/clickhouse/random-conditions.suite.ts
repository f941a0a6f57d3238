import fc from 'fast-check';
import type { Condition, FieldPlan, RollupPlan } from '../../plan/plan.ts';
import { decimals, floats, instants, int32s, int64s, texts, uuids } from './random-events.suite.ts';

const fieldsOf = (rollup: RollupPlan): readonly FieldPlan[] => [
  ...rollup.by.map(({ field }) => field),
  ...rollup.measures.flatMap((measure) => (measure.kind === 'count' ? [] : [measure.field])),
];
/** Each field that the rollups of a plan name, once. */
export const fieldsIn = (rollups: readonly RollupPlan[]): readonly FieldPlan[] => [
  ...new Map(rollups.flatMap(fieldsOf).map((field) => [JSON.stringify(field), field])).values(),
];

const valuesFor = (field: FieldPlan): fc.Arbitrary<string | number | boolean> => {
  switch (field.type.kind) {
    case 'string':
      return fc.oneof(texts, fc.constantFrom('u0', 'u1', 'sale', 'Rome'));
    case 'enum':
      return fc.constantFrom(...field.type.values);
    case 'boolean':
      return fc.boolean();
    case 'int32':
      return int32s;
    case 'int64':
      return int64s;
    case 'float64':
      return floats;
    case 'decimal':
      return decimals(field.type.scale);
    case 'timestamp':
      return instants;
    default:
      return uuids;
  }
};
/** Over these fields, some of which may be absent. */
export const conditionsOver = (fields: readonly FieldPlan[]): fc.Arbitrary<Condition> => {
  const leaves = fc.constantFrom(...fields).chain((field): fc.Arbitrary<Condition> => {
    const ordered = !['enum', 'boolean', 'uuid'].includes(field.type.kind);
    const operators = ordered
      ? (['eq', 'ne', 'lt', 'lte', 'gt', 'gte'] as const)
      : (['eq', 'ne'] as const);
    return fc.oneof(
      fc
        .tuple(fc.constantFrom(...operators), valuesFor(field))
        .map(([operator, value]): Condition => ({ kind: 'compare', field, operator, value })),
      fc
        .array(valuesFor(field), { maxLength: 3 })
        .map((values): Condition => ({ kind: 'in', field, values })),
      fc.constant<Condition>({ kind: 'present', field }),
    );
  });
  const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 3 },
      leaves,
      fc
        .tuple(
          fc.constantFrom('and' as const, 'or' as const),
          fc.array(tie('condition'), { maxLength: 3 }),
        )
        .map(([kind, conditions]): Condition => ({ kind, conditions })),
      tie('condition').map((inner): Condition => ({ kind: 'not', condition: inner })),
    ),
  }));
  return condition;
};

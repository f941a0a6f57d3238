import type { Condition, FieldPlan, RollupPlan } from './plan.ts';

/** The fields of events that a rollup or a window reads, each as often as it names it. */
export const fieldsUsed = ({
  by,
  measures,
  where,
}: Pick<RollupPlan, 'by' | 'measures' | 'where'>): readonly FieldPlan[] => [
  ...by.map(({ field }) => field),
  ...measures.flatMap((measure) => (measure.kind === 'count' ? [] : [measure.field])),
  ...(where ? fieldsIn(where) : []),
];

const fieldsIn = (condition: Condition): readonly FieldPlan[] => {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.conditions.flatMap(fieldsIn);
    case 'not':
      return fieldsIn(condition.condition);
    default:
      return [condition.field];
  }
};

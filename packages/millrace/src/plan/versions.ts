import type { Condition, FieldPlan, Plan, RetiredRollup, RollupPlan } from './plan.ts';
import { storedType } from './same-type.ts';

/** What a rollup computes, before it has a version and a table. */
export type RollupLogic = Omit<RollupPlan, 'version' | 'table'>;

/**
 * Each rollup at its version: the one it had if it computes the same, else one
 * that its name never had before. So no table ever holds two logics.
 */
export const versioned = (
  logics: readonly RollupLogic[],
  previous: Plan | undefined,
): Pick<Plan, 'rollups' | 'retired'> => {
  const rollups = logics.map((logic): RollupPlan => {
    const before = previous?.rollups.find(({ name }) => name === logic.name);
    const last = before ?? previous?.retired.find(({ name }) => name === logic.name);
    const version = before && sameLogic(before, logic) ? before.version : (last?.version ?? 0) + 1;
    return { ...logic, version, table: `${logic.name}__v${version}` };
  });
  const gone = [...(previous?.rollups ?? []), ...(previous?.retired ?? [])]
    .map(({ name, version }): RetiredRollup => ({ name, version }))
    .filter(({ name }) => !rollups.some((rollup) => rollup.name === name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { rollups, retired: gone };
};

/** Whether two rollups compute the same numbers: order and retention do not matter. */
export const sameLogic = (a: RollupLogic, b: RollupLogic): boolean =>
  JSON.stringify(essence(a)) === JSON.stringify(essence(b));

const essence = ({ from, every, by, where, measures }: RollupLogic): unknown => ({
  from: from.toSorted(),
  every,
  by: by.map(({ name, field }) => [name, fieldEssence(field)]).toSorted(byName),
  where: where && conditionEssence(where),
  measures: measures
    .map((measure) => [
      measure.name,
      measure.kind,
      measure.kind === 'count' ? null : fieldEssence(measure.field),
      measure.kind === 'quantiles' ? measure.levels : null,
    ])
    .toSorted(byName),
});

const byName = (a: readonly unknown[], b: readonly unknown[]): number =>
  String(a[0]) < String(b[0]) ? -1 : 1;

const fieldEssence = (field: FieldPlan): unknown =>
  field.source === 'envelope' ? field.name : [field.path, storedType(field.type)];

const conditionEssence = (condition: Condition): unknown => {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [condition.kind, condition.conditions.map(conditionEssence)];
    case 'not':
      return ['not', conditionEssence(condition.condition)];
    case 'present':
      return ['present', fieldEssence(condition.field)];
    case 'in':
      return ['in', fieldEssence(condition.field), condition.values];
    case 'compare':
      return [condition.operator, fieldEssence(condition.field), condition.value];
  }
};

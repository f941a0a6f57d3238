import type { Condition, FieldPlan, Plan, Retired, RollupPlan, WindowPlan } from './plan.ts';
import { storedType } from './same-type.ts';

/** What a rollup computes, before it has a version and a table. */
export type RollupLogic = Omit<RollupPlan, 'version' | 'table'>;
/** What a window computes, before it has a version and a table. */
export type WindowLogic = Omit<WindowPlan, 'version' | 'table'>;

interface Logics {
  readonly rollups: readonly RollupLogic[];
  readonly windows: readonly WindowLogic[];
}

/**
 * Each rollup and window at its version: one it has if that computes the same,
 * else one that its name never had before. So no table ever holds two logics.
 *
 * @param previous of a rollup or a window it may have several versions, the one to be
 *   preferred first.
 */
export const versioned = (
  logics: Logics,
  previous: Plan | undefined,
): Pick<Plan, 'rollups' | 'windows' | 'retired'> => {
  const used = newest([
    ...(previous?.rollups ?? []),
    ...(previous?.windows ?? []),
    ...(previous?.retired ?? []),
  ]);
  const next = <Logic extends { readonly name: string }>(logic: Logic): Logic & Versioned =>
    atVersion(logic, (used.get(logic.name) ?? 0) + 1);
  const rollups = logics.rollups.map((logic): RollupPlan => {
    const before = previous?.rollups.find(
      (one) => one.name === logic.name && sameLogic(one, logic),
    );
    return before ? atVersion(logic, before.version) : next(logic);
  });
  const windows = logics.windows.map((logic): WindowPlan => {
    const before = previous?.windows.find(
      (one) => one.name === logic.name && sameWindow(one, logic),
    );
    return before ? atVersion(logic, before.version) : next(logic);
  });
  const live = newest([...rollups, ...windows]);
  // A version that came to nothing is above the live one: it too was given.
  const gone = [...used]
    .map(([name, version]): Retired => ({ name, version }))
    .filter(({ name, version }) => version > (live.get(name) ?? 0))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { rollups, windows, retired: gone };
};

/** The newest version of each name. */
const newest = (all: readonly Retired[]): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  for (const { name, version } of all) found.set(name, Math.max(version, found.get(name) ?? 0));
  return found;
};

interface Versioned {
  readonly version: number;
  readonly table: string;
}

/** The same logic as another version. */
export const atVersion = <Logic extends { readonly name: string }>(
  logic: Logic,
  version: number,
): Logic & Versioned => ({ ...logic, version, table: `${logic.name}__v${version}` });

/** Whether two rollups compute the same numbers: order and retention do not matter. */
export const sameLogic = (a: RollupLogic, b: RollupLogic): boolean =>
  same([a.every, aggregationEssence(a)], [b.every, aggregationEssence(b)]);

/** Whether two windows have the same results: order and retention do not matter. */
export const sameWindow = (a: WindowLogic, b: WindowLogic): boolean =>
  same(windowEssence(a), windowEssence(b));

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const windowEssence = ({ span, having, ...rest }: WindowLogic): unknown => [
  Object.entries(span).toSorted(byName),
  having && conditionEssence(having),
  aggregationEssence(rest),
];

const aggregationEssence = ({
  from,
  by,
  where,
  measures,
}: Pick<RollupLogic, 'from' | 'by' | 'where' | 'measures'>): unknown => ({
  from: from.toSorted(),
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
  field.source === 'property' ? [field.path, storedType(field.type)] : field.name;

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

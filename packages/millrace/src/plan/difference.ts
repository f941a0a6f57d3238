import type { PropertyType } from '../define/property.ts';
import { typeOf } from '../define/property-types.ts';
import type { EventPlan, Plan, PropertyPlan, RollupPlan, WindowPlan } from './plan.ts';
import { sameType } from './same-type.ts';
import { sameLogic, sameWindow } from './versions.ts';

/** One way in which a plan differs from the one before it. */
export interface Change {
  /** `events.purchase.value`, `rollups.revenue`, `keep`. */
  readonly place: string;
  /** False if the data already stored cannot follow. */
  readonly compatible: boolean;
  /** What changed, and what it means for data already stored. */
  readonly message: string;
  /** Only where it is not compatible. */
  readonly mend?: string;
}

/** Where the results of a window begin that is new, or computes otherwise. */
export type WindowBeginning = 'the window that is open now' | 'what the clean log still has';

/**
 * What changed, in a fixed order. The second plan must know the first: `planOf(pipeline, before)`.
 *
 * @param beginning of windows, for people: that of one process unless told.
 */
export const difference = (
  before: Plan,
  after: Plan,
  beginning: WindowBeginning = 'the window that is open now',
): readonly Change[] => [
  ...nameChanges(before, after),
  ...eventChanges(before, after),
  ...storedTypeChanges(before, after),
  ...settingChanges(before, after),
  ...partitioningChanges(before, after),
  ...rollupChanges(before, after),
  ...windowChanges(before, after, beginning),
  ...alertChanges(before, after),
];

const compatible = (place: string, message: string): Change => ({
  place,
  compatible: true,
  message,
});
const incompatible = (place: string, message: string, mend: string): Change => ({
  place,
  compatible: false,
  message,
  mend,
});

const nameChanges = (before: Plan, after: Plan): readonly Change[] =>
  before.pipeline === after.pipeline
    ? []
    : [
        incompatible(
          'name',
          `The data belongs to the pipeline ${before.pipeline}, not to ${after.pipeline}.`,
          `Call it ${before.pipeline} again, or use another data folder.`,
        ),
      ];

const eventChanges = (before: Plan, after: Plan): readonly Change[] => {
  const added = after.events.filter(({ type }) => !eventOf(before, type));
  const removed = before.events.filter(({ type }) => !eventOf(after, type));
  return [
    ...added.map(({ type }) => compatible(`events.${type}`, 'A new type of event.')),
    ...removed.map(({ type }) =>
      compatible(`events.${type}`, 'It is taken no more; what is stored of it stays.'),
    ),
    ...after.events.flatMap((event) => {
      const old = eventOf(before, event.type);
      return old ? changesOfEvent(old, event) : [];
    }),
  ];
};

const changesOfEvent = (before: EventPlan, after: EventPlan): readonly Change[] => {
  const place = `events.${after.type}`;
  const changes: Change[] = [];
  if (!same(before.aliases, after.aliases))
    changes.push(compatible(`${place}.aliases`, 'Other names are understood from now on.'));
  if (!same(before.renames, after.renames))
    changes.push(compatible(`${place}.rename`, 'Properties are renamed otherwise from now on.'));
  if (before.undeclared !== after.undeclared)
    changes.push(
      compatible(
        `${place}.undeclared`,
        `Undeclared properties: ${after.undeclared} instead of ${before.undeclared}, from now on.`,
      ),
    );
  for (const property of after.properties) {
    const at = `${place}.${property.name}`;
    const old = propertyOf(before, property.name);
    if (!old) changes.push(compatible(at, 'A new property; events stored before may lack it.'));
    else if (old.required !== property.required)
      changes.push(
        compatible(
          at,
          property.required
            ? 'Required from now on; events stored before may lack it.'
            : 'Optional from now on.',
        ),
      );
    if (old && sameType(old.type, property.type) && !same(old.type, property.type))
      changes.push(compatible(at, 'Other values or members are taken from now on.'));
  }
  for (const { name } of before.properties)
    if (!propertyOf(after, name))
      changes.push(compatible(`${place}.${name}`, 'No longer declared for this event.'));
  return changes;
};

/** The store has one typed path for each name, whichever events declare it. */
const storedTypeChanges = (before: Plan, after: Plan): readonly Change[] => {
  const types = storedTypes(after);
  return [...storedTypes(before)].flatMap(([path, { type, place }]): readonly Change[] => {
    const now = types.get(path);
    if (!now)
      return [
        incompatible(
          place,
          `Stored events have ${path} at a type of its own, which no event declares any more.`,
          'Keep it declared, as optional(…), in one of the events.',
        ),
      ];
    return sameType(type, now.type)
      ? []
      : [
          incompatible(
            now.place,
            `Stored events have ${path} at another type (${type.kind}, now ${now.type.kind}).`,
            'Give what is sent from now on a new name, and keep this one declared, as optional(…).',
          ),
        ];
  });
};

interface StoredType {
  readonly type: PropertyType;
  readonly place: string;
}

const storedTypes = (plan: Plan): ReadonlyMap<string, StoredType> => {
  const found = new Map<string, StoredType>();
  const visit = (type: PropertyType, path: string, event: string): void => {
    if (type.kind !== 'object') {
      if (!found.has(path)) found.set(path, { type, place: `events.${event}.${path}` });
      return;
    }
    for (const [name, property] of Object.entries(type.properties))
      visit(typeOf(property), `${path}.${name}`, event);
  };
  for (const event of plan.events)
    for (const { name, type } of event.properties) visit(type, name, event.type);
  return found;
};

const settingChanges = (before: Plan, after: Plan): readonly Change[] => {
  const changes: Change[] = [];
  if (before.dedup.windowMs !== after.dedup.windowMs)
    changes.push(
      compatible(
        'dedup.window',
        after.dedup.windowMs > before.dedup.windowMs
          ? 'Longer: ids already forgotten are not remembered again.'
          : 'Shorter: duplicates may come again sooner.',
      ),
    );
  if (before.allowedLatenessMs !== after.allowedLatenessMs)
    changes.push(compatible('lateness', 'Events are marked late by the new limit from now on.'));
  if (before.keepMs !== after.keepMs)
    changes.push(compatible('keep', keepMessage(before.keepMs, after.keepMs, 'Stored events')));
  return changes;
};

const keepMessage = (before: number | null, after: number | null, what: string): string =>
  after !== null && (before === null || after < before)
    ? `${what} older than the new limit are dropped.`
    : 'Kept longer from now on; what was dropped is gone.';

const partitioningChanges = (before: Plan, after: Plan): readonly Change[] => {
  const place = 'partitioning';
  const { by, partsPerInsertMax } = after.partitioning;
  const old = before.partitioning;
  const changes: Change[] = [];
  if (by !== old.by || !same(sortedTypes(old.ownTypes), sortedTypes(after.partitioning.ownTypes)))
    changes.push(
      incompatible(
        place,
        'The partitions of a table that is there cannot be cut otherwise.',
        'Undo the change, or import into a new data folder.',
      ),
    );
  if (partsPerInsertMax !== old.partsPerInsertMax)
    changes.push(compatible(`${place}.partsPerInsert`, `${partsPerInsertMax} from now on.`));
  return changes;
};

const sortedTypes = (types: readonly string[] | null): readonly string[] | null =>
  types?.toSorted() ?? null;

const rollupChanges = (before: Plan, after: Plan): readonly Change[] => [
  ...after.rollups.flatMap((rollup): readonly Change[] => {
    const place = `rollups.${rollup.name}`;
    const old = rollupOf(before, rollup.name);
    if (!old) return [compatible(place, 'A new rollup, filled from the events that are stored.')];
    const changes: Change[] = [];
    if (!sameLogic(old, rollup))
      changes.push(
        compatible(
          place,
          `Version ${rollup.version}: computed anew from the events that are stored.`,
        ),
      );
    if (old.keepMs !== rollup.keepMs)
      changes.push(
        compatible(`${place}.keep`, keepMessage(old.keepMs, rollup.keepMs, 'Stored buckets')),
      );
    return changes;
  }),
  ...before.rollups
    .filter(({ name }) => !rollupOf(after, name))
    .map(({ name }) => compatible(`rollups.${name}`, 'Removed, with what it has computed.')),
];

const windowChanges = (
  before: Plan,
  after: Plan,
  beginning: WindowBeginning,
): readonly Change[] => [
  ...after.windows.flatMap((window): readonly Change[] => {
    const place = `windows.${window.name}`;
    const old = windowOf(before, window.name);
    if (!old) return [compatible(place, `A new window: its results begin with ${beginning}.`)];
    const changes: Change[] = [];
    if (!sameWindow(old, window))
      changes.push(
        compatible(
          place,
          `Version ${window.version}: its results begin with ${beginning}; those that it had are dropped.`,
        ),
      );
    if (old.keepMs !== window.keepMs)
      changes.push(
        compatible(`${place}.keep`, keepMessage(old.keepMs, window.keepMs, 'Stored results')),
      );
    return changes;
  }),
  ...before.windows
    .filter(({ name }) => !windowOf(after, name))
    .map(({ name }) => compatible(`windows.${name}`, 'Removed, with its results.')),
];

const alertChanges = (before: Plan, after: Plan): readonly Change[] => [
  ...after.alerts.flatMap((alert): readonly Change[] => {
    const place = `alerts.${alert.name}`;
    const old = before.alerts.find(({ name }) => name === alert.name);
    if (!old) return [compatible(place, 'A new alert, on results from now on.')];
    if (!same([old.window, old.when], [alert.window, alert.when]))
      return [compatible(place, 'On other results, from now on; calls still to be made are not.')];
    return old.webhook === alert.webhook
      ? []
      : [compatible(place, 'Another webhook, for calls still to be made too.')];
  }),
  ...before.alerts
    .filter(({ name }) => !after.alerts.some((alert) => alert.name === name))
    .map(({ name }) => compatible(`alerts.${name}`, 'Removed, with calls still to be made.')),
];

const eventOf = (plan: Plan, type: string): EventPlan | undefined =>
  plan.events.find((event) => event.type === type);
const propertyOf = (event: EventPlan, name: string): PropertyPlan | undefined =>
  event.properties.find((property) => property.name === name);
const rollupOf = (plan: Plan, name: string): RollupPlan | undefined =>
  plan.rollups.find((rollup) => rollup.name === name);
const windowOf = (plan: Plan, name: string): WindowPlan | undefined =>
  plan.windows.find((window) => window.name === name);

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

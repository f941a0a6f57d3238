import { parseDuration } from '../define/duration.ts';
import type { EventDefinition } from '../define/event.ts';
import type { Measure } from '../define/measure.ts';
import type { Pipeline } from '../define/pipeline.ts';
import type { Property } from '../define/property.ts';
import type { RollupDefinition } from '../define/rollup.ts';
import { MillraceError } from '../errors.ts';
import { builtInEvents } from './built-in-events.ts';
import { assertPipeline } from './contradictions.ts';
import { defaults } from './defaults.ts';
import { dimensionName } from './names.ts';
import type { EventPlan, FieldPlan, MeasurePlan, Plan, PropertyPlan } from './plan.ts';
import { readWhere } from './read-where.ts';
import { fieldNames, resolveField } from './resolve-field.ts';
import { type RollupLogic, versioned } from './versions.ts';

/**
 * Everything resolved. The same definition, after the same previous plan, always
 * gives the same plan.
 *
 * @param previous What the data folder was made with: a rollup whose logic is
 *   still the same keeps its version, a changed one gets the next.
 * @throws MillraceError `pipeline_invalid` with every contradiction and its mend.
 */
export const planOf = (pipeline: Pipeline, previous?: Plan): Plan => {
  assertPipeline(pipeline);
  const declared = Object.entries(pipeline.events).map(([type, event]) => eventPlan(type, event));
  const undeclared = builtInEvents.filter(({ type }) => !Object.hasOwn(pipeline.events, type));
  const logics = (pipeline.rollups ?? []).map((rollup) => rollupLogic(rollup, pipeline));
  return {
    format: 1,
    pipeline: pipeline.name,
    events: [...declared, ...undeclared],
    dedup: { windowMs: parseDuration(pipeline.dedup?.window) ?? defaults.dedupWindowMs },
    allowedLatenessMs: parseDuration(pipeline.lateness) ?? defaults.allowedLatenessMs,
    futureMaxMs: defaults.futureMaxMs,
    keepMs: parseDuration(pipeline.keep) ?? null,
    partitioning: {
      by: pipeline.partitioning?.by ?? 'month',
      ownTypes: pipeline.partitioning?.ownTypes ?? null,
      partsPerInsertMax: pipeline.partitioning?.partsPerInsert ?? defaults.partsPerInsertMax,
    },
    ...versioned(logics, previous),
  };
};

const eventPlan = (type: string, event: EventDefinition): EventPlan => ({
  type,
  aliases: event.aliases ?? [],
  renames: event.rename ?? {},
  properties: Object.entries(event.properties).map(([name, property]) =>
    propertyPlan(name, property),
  ),
  undeclared: event.undeclared ?? 'keep',
  builtIn: false,
});

const propertyPlan = (name: string, property: Property): PropertyPlan =>
  property.kind === 'optional'
    ? { name, type: property.type, required: false }
    : { name, type: property, required: true };

const rollupLogic = (rollup: RollupDefinition, pipeline: Pipeline): RollupLogic => {
  const from = typeof rollup.from === 'string' ? [rollup.from] : rollup.from;
  const events = from.flatMap((type) =>
    Object.hasOwn(pipeline.events, type) ? (pipeline.events[type] ?? []) : [],
  );
  const field = (name: string): FieldPlan => {
    const found = resolveField(name, events);
    if (!found) throw new MillraceError('internal', `No field ${name} for ${rollup.name}.`);
    return found;
  };
  const fields = {
    find: (name: string) => resolveField(name, events),
    names: fieldNames(events),
  };
  return {
    name: rollup.name,
    from,
    every: rollup.every,
    by: (rollup.by ?? []).map((name) => ({ name: dimensionName(name), field: field(name) })),
    where: rollup.where === undefined ? null : readWhere(rollup.where, '', fields, unexpected),
    measures: Object.entries(rollup.measures).map(([name, measure]) =>
      measurePlan(name, measure, field),
    ),
    keepMs: parseDuration(rollup.keep) ?? null,
  };
};

/** `assertPipeline` has found every fault by now. */
const unexpected = (code: string, place: string, message: string): void => {
  throw new MillraceError('internal', `${code} at ${place}: ${message}`);
};

const measurePlan = (
  name: string,
  measure: Measure,
  field: (name: string) => FieldPlan,
): MeasurePlan => {
  switch (measure.kind) {
    case 'count':
      return { name, kind: 'count' };
    case 'quantiles':
      return { name, kind: 'quantiles', field: field(measure.field), levels: measure.levels };
    default:
      return { name, kind: measure.kind, field: field(measure.field) };
  }
};

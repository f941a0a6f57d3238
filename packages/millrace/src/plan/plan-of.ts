import { parseDuration } from '../define/duration.ts';
import type { EventDefinition } from '../define/event.ts';
import type { Measure } from '../define/measure.ts';
import type { Pipeline } from '../define/pipeline.ts';
import type { Property } from '../define/property.ts';
import type { RollupDefinition } from '../define/rollup.ts';
import { MillraceError } from '../errors.ts';
import { builtInEvents } from './built-in-events.ts';
import { defaults } from './defaults.ts';
import type { EventPlan, FieldPlan, MeasurePlan, Plan, PropertyPlan, RollupPlan } from './plan.ts';
import { resolveField } from './resolve-field.ts';

/** Everything resolved. The same definition always gives the same plan. */
export const planOf = (pipeline: Pipeline): Plan => {
  const declared = Object.entries(pipeline.events).map(([type, event]) => eventPlan(type, event));
  const undeclared = builtInEvents.filter(({ type }) => !Object.hasOwn(pipeline.events, type));
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
    rollups: (pipeline.rollups ?? []).map((rollup) => rollupPlan(rollup, pipeline)),
    retired: [],
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

const rollupPlan = (rollup: RollupDefinition, pipeline: Pipeline): RollupPlan => {
  const from = typeof rollup.from === 'string' ? [rollup.from] : rollup.from;
  const events = from.flatMap((type) => pipeline.events[type] ?? []);
  const field = (name: string): FieldPlan => {
    const found = resolveField(name, events);
    if (!found) throw new MillraceError('pipeline_invalid', `${rollup.name}: no field ${name}`);
    return found;
  };
  const version = 1;
  return {
    name: rollup.name,
    version,
    table: `${rollup.name}__v${version}`,
    from,
    every: rollup.every,
    by: (rollup.by ?? []).map((name) => ({ name: name.replaceAll('.', '_'), field: field(name) })),
    where: null,
    measures: Object.entries(rollup.measures).map(([name, measure]) =>
      measurePlan(name, measure, field),
    ),
    keepMs: parseDuration(rollup.keep) ?? null,
  };
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

import type { AlertDefinition } from '../define/alert.ts';
import { parseDuration } from '../define/duration.ts';
import type { EventDefinition } from '../define/event.ts';
import type { Pipeline } from '../define/pipeline.ts';
import type { Property } from '../define/property.ts';
import type { RollupDefinition } from '../define/rollup.ts';
import type { WindowDefinition } from '../define/window.ts';
import { MillraceError } from '../errors.ts';
import { builtInEvents } from './built-in-events.ts';
import { assertPipeline } from './contradictions.ts';
import { defaults } from './defaults.ts';
import { measureFields } from './measure-type.ts';
import { dimensionName } from './names.ts';
import type { AlertPlan, EventPlan, FieldPlan, Plan, PropertyPlan } from './plan.ts';
import { readMeasures } from './read-measures.ts';
import { readWhere } from './read-where.ts';
import { readSpan } from './read-windows.ts';
import { fieldsOf } from './resolve-field.ts';
import { type RollupLogic, versioned, type WindowLogic } from './versions.ts';

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
  const logics = {
    rollups: (pipeline.rollups ?? []).map((rollup) => rollupLogic(rollup, pipeline)),
    windows: (pipeline.windows ?? []).map((window) => windowLogic(window, pipeline)),
  };
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
    alerts: (pipeline.alerts ?? []).map((alert) => alertPlan(alert, logics.windows)),
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

const rollupLogic = (rollup: RollupDefinition, pipeline: Pipeline): RollupLogic => ({
  ...aggregation(rollup, 'rollup', pipeline),
  every: rollup.every,
});

const windowLogic = (window: WindowDefinition, pipeline: Pipeline): WindowLogic => {
  const asked = aggregation(window, 'window', pipeline);
  const { having } = window;
  const span = readSpan({ ...window }, '', unexpected);
  if (span === undefined) throw new MillraceError('internal', `No span for ${window.name}.`);
  return {
    ...asked,
    span,
    having:
      having === undefined
        ? null
        : readWhere(having, '', measureFields(asked.measures), unexpected),
  };
};

const alertPlan = (
  { name, on, when, webhook }: AlertDefinition,
  windows: readonly WindowLogic[],
): AlertPlan => {
  const measures = windows.find((window) => window.name === on)?.measures ?? [];
  return {
    name,
    window: on,
    when: when === undefined ? null : readWhere(when, '', measureFields(measures), unexpected),
    webhook,
  };
};

/** What rollups and windows have in common: what is measured of which events, and how long it is kept. */
const aggregation = (
  { name, from, by = [], where, measures, keep }: RollupDefinition | WindowDefinition,
  what: string,
  pipeline: Pipeline,
) => {
  const types = typeof from === 'string' ? [from] : from;
  const events = types.flatMap((type) =>
    Object.hasOwn(pipeline.events, type) ? (pipeline.events[type] ?? []) : [],
  );
  const fields = fieldsOf(events, what);
  const field = (wanted: string): FieldPlan => {
    const found = fields.find(wanted);
    if (!found) throw new MillraceError('internal', `No field ${wanted} for ${name}.`);
    return found;
  };
  return {
    name,
    from: types,
    by: by.map((dimension) => ({ name: dimensionName(dimension), field: field(dimension) })),
    where: where === undefined ? null : readWhere(where, '', fields, unexpected),
    measures: readMeasures(measures, fields),
    keepMs: parseDuration(keep) ?? null,
  };
};

/** `assertPipeline` has found every fault by now. */
const unexpected = (code: string, place: string, message: string): void => {
  throw new MillraceError('internal', `${code} at ${place}: ${message}`);
};

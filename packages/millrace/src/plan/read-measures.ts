import { bounds, isList, isRecord } from './contradiction.ts';
import type { MeasurePlan } from './plan.ts';
import type { KnownFields } from './read-where.ts';

const overField = ['sum', 'min', 'max', 'avg', 'uniq'] as const;

/** The measures that make sense; `checkMeasures` reports the others. */
export const readMeasures = (value: unknown, fields: KnownFields): readonly MeasurePlan[] =>
  Object.entries(isRecord(value) ? value : {})
    .slice(0, bounds.measuresMax)
    .flatMap(([name, measure]) => readMeasure(name, measure, fields) ?? []);

const readMeasure = (
  name: string,
  measure: unknown,
  fields: KnownFields,
): MeasurePlan | undefined => {
  if (!isRecord(measure)) return undefined;
  if (measure.kind === 'count') return { name, kind: 'count' };
  const field = typeof measure.field === 'string' ? fields.find(measure.field) : undefined;
  if (!field) return undefined;
  if (measure.kind === 'quantiles') {
    const levels = isList(measure.levels) ? measure.levels : [];
    return {
      name,
      kind: 'quantiles',
      field,
      levels: levels.filter((level) => typeof level === 'number'),
    };
  }
  const kind = overField.find((known) => known === measure.kind);
  return kind && { name, kind, field };
};

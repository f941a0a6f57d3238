import type { PropertyType } from '../define/property.ts';
import type { FieldPlan, MeasurePlan } from './plan.ts';
import type { KnownFields } from './read-where.ts';

/** The type of a measure's value. */
export const measureType = (measure: MeasurePlan): PropertyType => {
  switch (measure.kind) {
    case 'count':
    case 'uniq':
      return { kind: 'int64' };
    case 'avg':
      return { kind: 'float64' };
    case 'quantiles':
      return { kind: 'array', element: { kind: 'float64' } };
    case 'sum':
      return sumType(measure.field.type);
    case 'min':
    case 'max':
      return measure.field.type;
  }
};

const sumType = (type: PropertyType): PropertyType =>
  type.kind === 'int32' || type.kind === 'int64'
    ? { kind: 'int64' }
    : type.kind === 'decimal'
      ? { ...type, precision: 18 }
      : { kind: 'float64' };

/** The measures of a window, as a condition on its results names them. */
export const measureFields = (measures: readonly MeasurePlan[]): KnownFields => ({
  find(name): FieldPlan | undefined {
    const measure = measures.find((one) => one.name === name);
    return measure && { source: 'computed', name, type: measureType(measure) };
  },
  names: measures.map(({ name }) => name),
  missing: 'This window has no measure',
});

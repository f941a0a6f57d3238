import { envelope } from '../../define/envelope.ts';
import type { PropertyType } from '../../define/property.ts';
import { isScalar, typeOf } from '../../define/property-types.ts';
import type { EventPlan, MeasurePlan, Plan, RollupPlan, WindowPlan } from '../../plan/plan.ts';

/** What the dashboard must know of a pipeline to ask about it. */
export interface PipelineDescription {
  readonly name: string;
  /** An event the pipeline would accept, as JSON. */
  readonly example: string;
  /** What every event has, or may have. */
  readonly common: readonly FieldDescription[];
  /** The types of event that it defines. */
  readonly events: readonly {
    readonly type: string;
    /** Its properties of a single value, those in objects by their paths: `address.city`. */
    readonly fields: readonly FieldDescription[];
  }[];
  readonly rollups: readonly AggregationDescription<RollupPlan, 'every'>[];
  readonly windows: readonly AggregationDescription<WindowPlan, 'span'>[];
}

export interface FieldDescription {
  readonly name: string;
  readonly kind: PropertyType['kind'];
  /** Of an enum. */
  readonly values?: readonly string[];
}

type AggregationDescription<Of, Cut extends keyof Of> = Pick<Of, Cut> & {
  readonly name: string;
  readonly from: readonly string[];
  /** The names of the dimensions. */
  readonly by: readonly string[];
  readonly measures: readonly Pick<MeasurePlan, 'name' | 'kind'>[];
};

export const describePipeline = (plan: Plan, example: string): PipelineDescription => ({
  name: plan.pipeline,
  example,
  common: Object.entries(envelope).map(([name, { type }]) => describeField(name, type)),
  events: plan.events
    .filter(({ builtIn }) => !builtIn)
    .map(({ type, properties }) => ({ type, fields: properties.flatMap(describeProperty) })),
  rollups: plan.rollups.map((rollup) => ({ ...describeAggregation(rollup), every: rollup.every })),
  windows: plan.windows.map((window) => ({ ...describeAggregation(window), span: window.span })),
});

const describeAggregation = ({ name, from, by, measures }: RollupPlan | WindowPlan) => ({
  name,
  from,
  by: by.map((dimension) => dimension.name),
  measures: measures.map((measure) => ({ name: measure.name, kind: measure.kind })),
});

const describeProperty = ({
  name,
  type,
}: Pick<EventPlan['properties'][number], 'name' | 'type'>): readonly FieldDescription[] => {
  if (type.kind === 'object')
    return Object.entries(type.properties).flatMap(([inner, property]) =>
      describeProperty({ name: `${name}.${inner}`, type: typeOf(property) }),
    );
  return isScalar(type) ? [describeField(name, type)] : [];
};

const describeField = (name: string, type: PropertyType): FieldDescription => ({
  name,
  kind: type.kind,
  ...(type.kind === 'enum' ? { values: type.values } : {}),
});

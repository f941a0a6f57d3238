import { envelope } from '../../define/envelope.ts';
import type { PropertyType } from '../../define/property.ts';
import { isScalar, typeOf } from '../../define/property-types.ts';
import type { EventPlan, MeasurePlan, Plan, RollupPlan, WindowPlan } from '../../plan/plan.ts';
import { mayAsk, type Reader } from '../../query/reader.ts';

/** What the dashboard must know of a pipeline to ask about it. */
export interface PipelineDescription {
  readonly name: string;
  /** An event the pipeline would accept, as JSON. */
  readonly example: string;
  /** What the reader may ask; null for everything. */
  readonly tables: readonly string[] | null;
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

/** What the reader may ask of it: of the types of event only those that the tables it may ask are of. */
export const describePipeline = (
  plan: Plan,
  example: string,
  reader: Reader,
): PipelineDescription => {
  const rollups = plan.rollups.filter(({ name }) => mayAsk(reader, name));
  const windows = plan.windows.filter(({ name }) => mayAsk(reader, name));
  const isAsked = (type: string): boolean =>
    mayAsk(reader, 'events') || rollups.some(({ from }) => from.includes(type));
  return {
    name: plan.pipeline,
    example,
    tables: reader.tables === null ? null : [...reader.tables],
    common: Object.entries(envelope).map(([name, { type }]) => describeField(name, type)),
    events: plan.events
      .filter(({ type, builtIn }) => !builtIn && isAsked(type))
      .map(({ type, properties }) => ({ type, fields: properties.flatMap(describeProperty) })),
    rollups: rollups.map((rollup) => ({ ...describeAggregation(rollup), every: rollup.every })),
    windows: windows.map((window) => ({ ...describeAggregation(window), span: window.span })),
  };
};

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

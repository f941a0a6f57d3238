import type { MeasurePlan, Plan } from '../../plan/plan.ts';

/** What the page must know of a pipeline to ask about it. */
export interface PipelineDescription {
  readonly name: string;
  /** An event the pipeline would accept, as JSON. */
  readonly example: string;
  readonly rollups: readonly {
    readonly name: string;
    readonly every: string;
    readonly from: readonly string[];
    /** The names of the dimensions. */
    readonly by: readonly string[];
    readonly measures: readonly Pick<MeasurePlan, 'name' | 'kind'>[];
  }[];
}

export const describePipeline = (plan: Plan, example: string): PipelineDescription => ({
  name: plan.pipeline,
  example,
  rollups: plan.rollups.map(({ name, every, from, by, measures }) => ({
    name,
    every,
    from,
    by: by.map((dimension) => dimension.name),
    measures: measures.map((measure) => ({ name: measure.name, kind: measure.kind })),
  })),
});

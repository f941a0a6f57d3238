import type { Duration } from './duration.ts';
import type { EventDefinition } from './event.ts';
import type { RollupDefinition } from './rollup.ts';

export interface Events {
  readonly [type: string]: EventDefinition;
}

export interface PartitioningDefinition<Type extends string = string> {
  /** Default `month`. `day` makes more and smaller parts; choose it for a short `keep`. */
  readonly by?: 'month' | 'day';
  /** The types with a partition of their own; all others share one. Default: every type. */
  readonly ownTypes?: readonly Type[];
  /** The most parts that one insert may make. Default 100. */
  readonly partsPerInsert?: number;
}

export interface Pipeline<
  Declared extends Events = Events,
  Rollups extends readonly RollupDefinition[] = readonly RollupDefinition[],
> {
  readonly name: string;
  readonly events: Declared;
  /** Ids are remembered for this long. Default 24h. */
  readonly dedup?: { readonly window?: Duration };
  /** An event that arrives later than this after it happened is marked late. Default 10s. */
  readonly lateness?: Duration;
  /** Raw events older than this are dropped. Without it they are kept for ever. */
  readonly keep?: Duration;
  readonly partitioning?: PartitioningDefinition<keyof Declared & string>;
  readonly rollups?: Rollups;
}

/** The one definition from which Millrace makes its tables, checks, and rollups. */
export const definePipeline = <
  const Declared extends Events,
  const Rollups extends readonly RollupDefinition[] = readonly [],
>(
  pipeline: Pipeline<Declared, Rollups>,
): Pipeline<Declared, Rollups> => pipeline;

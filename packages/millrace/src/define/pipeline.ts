import type { AlertDefinition } from './alert.ts';
import type { CheckedAlerts } from './alert-check.ts';
import type { Duration } from './duration.ts';
import type { BuiltInType, Events } from './fields.ts';
import type { NamedRollup, RollupDefinition } from './rollup.ts';
import type { CheckedRollups } from './rollup-check.ts';
import type { NamedWindow, WindowDefinition } from './window.ts';
import type { CheckedWindows } from './window-check.ts';

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
  Rollups extends readonly NamedRollup[] = readonly RollupDefinition[],
  Windows extends readonly NamedWindow[] = readonly WindowDefinition[],
  OwnType extends string = string,
> {
  /** snake_case. */
  readonly name: string;
  /** What senders send, by the name of the type: snake_case. */
  readonly events: Declared;
  /** Ids are remembered for this long. Default 24h. */
  readonly dedup?: { readonly window?: Duration };
  /** An event that arrives later than this after it happened is marked late. Default 10s. */
  readonly lateness?: Duration;
  /** Raw events older than this are dropped. Without it they are kept for ever. */
  readonly keep?: Duration;
  /** How the table of events is cut into parts. */
  readonly partitioning?: PartitioningDefinition<OwnType>;
  /** Numbers kept for each bucket of time. */
  readonly rollups?: Rollups;
  /** Results over stretches of time, written once they are final. */
  readonly windows?: Windows;
  /** Webhooks called with the results of windows. */
  readonly alerts?: readonly AlertDefinition[];
}

/**
 * The one definition from which Millrace makes its tables, checks and rollups.
 * What the compiler cannot see, `millrace check` explains.
 */
export const definePipeline = <
  const Declared extends Events,
  const Rollups extends readonly NamedRollup[] = readonly [],
  const Windows extends readonly NamedWindow[] = readonly [],
  const Alerts extends readonly AlertDefinition[] = readonly [],
>(
  pipeline: Pipeline<
    Declared,
    Rollups & CheckedRollups<Declared, NoInfer<Rollups>>,
    Windows & CheckedWindows<Declared, NoInfer<Windows>>,
    NoInfer<keyof Declared & string> | BuiltInType
  > & { readonly alerts?: Alerts & CheckedAlerts<Declared, NoInfer<Windows>, NoInfer<Alerts>> },
): Pipeline<Declared, Rollups, Windows> => pipeline;

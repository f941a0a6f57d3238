import type { EnvelopeField } from '../define/envelope.ts';
import type { PropertyType } from '../define/property.ts';
import type { Every } from '../define/rollup.ts';

export type { EnvelopeField, Every };

/**
 * A pipeline with everything resolved: names, types, tables, defaults. It is
 * plain data: `JSON.parse(JSON.stringify(plan))` is the same plan, which is how
 * it is kept beside the data and compared with the next one.
 */
export interface Plan {
  /** The format of this document, not of the user's pipeline. */
  readonly format: 1;
  readonly pipeline: string;
  readonly events: readonly EventPlan[];
  readonly dedup: {
    /** Ids are remembered by arrival for two of these. */
    readonly windowMs: number;
  };
  /** An event whose append time is later than its timestamp by more than this is late. */
  readonly allowedLatenessMs: number;
  /** How far in the future a timestamp may lie. */
  readonly futureMaxMs: number;
  /** Raw events older than this (by event time) are dropped; null keeps them for ever. */
  readonly keepMs: number | null;
  readonly partitioning: Partitioning;
  readonly rollups: readonly RollupPlan[];
  readonly windows: readonly WindowPlan[];
  readonly alerts: readonly AlertPlan[];
  /** The newest versions of rollups and windows that are not in the plan, so that none is ever given twice. */
  readonly retired: readonly Retired[];
}

export interface Retired {
  readonly name: string;
  readonly version: number;
}

export interface Partitioning {
  readonly by: 'month' | 'day';
  /** Types with a partition of their own; all others share one. Null: every type has its own. */
  readonly ownTypes: readonly string[] | null;
  /** The most parts that one insert into `events` may make. */
  readonly partsPerInsertMax: number;
}

export interface EventPlan {
  readonly type: string;
  /** Other names under which senders know this type. */
  readonly aliases: readonly string[];
  /** From the sender's property name to the declared one. */
  readonly renames: { readonly [sent: string]: string };
  readonly properties: readonly PropertyPlan[];
  readonly undeclared: 'keep' | 'drop' | 'refuse';
  /** True for the types every pipeline has (page, screen, identify, group, alias). */
  readonly builtIn: boolean;
}

export interface PropertyPlan {
  readonly name: string;
  readonly type: PropertyType;
  readonly required: boolean;
}

export interface RollupPlan {
  readonly name: string;
  /** A change of what is computed is a new version with a table of its own. */
  readonly version: number;
  /** The table of mergeable states, e.g. `revenue__v1`. Readers use the view `name`. */
  readonly table: string;
  readonly from: readonly string[];
  readonly every: Every;
  readonly by: readonly DimensionPlan[];
  readonly where: Condition | null;
  readonly measures: readonly MeasurePlan[];
  readonly keepMs: number | null;
}

export interface WindowPlan {
  readonly name: string;
  /** A change of what is computed is a new version with a table of its own. */
  readonly version: number;
  /** The table of results, e.g. `busy_users__v1`. Readers use the view `name`. */
  readonly table: string;
  readonly from: readonly string[];
  readonly span: Span;
  readonly by: readonly DimensionPlan[];
  readonly where: Condition | null;
  readonly measures: readonly MeasurePlan[];
  /** Over the window's own measures. */
  readonly having: Condition | null;
  readonly keepMs: number | null;
}

export interface AlertPlan {
  readonly name: string;
  /** The name of the window. */
  readonly window: string;
  /** Over the window's measures. */
  readonly when: Condition | null;
  readonly webhook: string;
}

export type Span =
  /** Windows `sizeMs` long, one beginning at each multiple of `everyMs` since the epoch. */
  | { readonly kind: 'fixed'; readonly sizeMs: number; readonly everyMs: number }
  /** Until `gapMs` after an event that none follows sooner; cut at multiples of `maxMs` since the epoch. */
  | { readonly kind: 'session'; readonly gapMs: number; readonly maxMs: number };

/**
 * Where a value is found: in an event (`path` has more than one name inside
 * nested objects), or among what was computed from events: a window's measures.
 */
export type FieldPlan =
  | { readonly source: 'envelope'; readonly name: EnvelopeField; readonly type: PropertyType }
  | {
      readonly source: 'property';
      readonly path: readonly string[];
      readonly type: PropertyType;
    }
  | { readonly source: 'computed'; readonly name: string; readonly type: PropertyType };

export interface DimensionPlan {
  readonly name: string;
  readonly field: FieldPlan;
}

export type MeasurePlan =
  | { readonly name: string; readonly kind: 'count' }
  | {
      readonly name: string;
      readonly kind: 'sum' | 'min' | 'max' | 'avg' | 'uniq';
      readonly field: FieldPlan;
    }
  | {
      readonly name: string;
      readonly kind: 'quantiles';
      readonly field: FieldPlan;
      readonly levels: readonly number[];
    };

/** A filter over events, or over a window's results. Values are in canonical form: decimals, int64 as strings, times as epoch ms. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly Condition[] }
  | { readonly kind: 'not'; readonly condition: Condition }
  | {
      readonly kind: 'compare';
      readonly field: FieldPlan;
      readonly operator: 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte';
      readonly value: string | number | boolean;
    }
  | {
      readonly kind: 'in';
      readonly field: FieldPlan;
      readonly values: readonly (string | number | boolean)[];
    }
  | { readonly kind: 'present'; readonly field: FieldPlan };

import type { Condition, DimensionPlan, Every, MeasurePlan } from './plan.ts';

/** A question about events, with every name in it resolved. */
export interface Question {
  /** Types of event. */
  readonly from: readonly string[];
  /** Over the events. */
  readonly where: Condition | null;
  /** Event time, `sinceMs <= timestamp < untilMs`, epoch ms; null where the range is open. */
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  /** The width of the buckets, by the calendar and clock of `zone`; null for totals. */
  readonly every: Every | null;
  /** An IANA time zone. */
  readonly zone: string;
  readonly by: readonly DimensionPlan[];
  readonly measures: readonly MeasurePlan[];
  /** By columns of the answer; what is left equal goes by bucket and dimensions. */
  readonly order: readonly { readonly column: string; readonly descending: boolean }[];
  /** The most rows the answer may have. */
  readonly rowsMax: number;
  /** Whether buckets without events have a row too, for each group that has one at all. */
  readonly fill: boolean;
  /** How old (ms) the answer may be, though there is more by now. */
  readonly ageMsMax: number;
}

import { type PersonField, personFields } from '../define/person.ts';
import type { RollupPlan } from './plan.ts';

/** Which stored events are wanted, the newest by their timestamps first. */
export interface SoughtEvents {
  readonly by: SoughtBy;
  readonly value: string;
  /** Only those behind it; null from the newest on. */
  readonly before: EventPlace | null;
  readonly rowsMax: number;
}

export type SoughtBy = 'event_id' | PersonField;

export const soughtBys: readonly SoughtBy[] = ['event_id', ...personFields];

/** What no two stored events have in common, in the order in which they are given. */
export interface EventPlace {
  /** Epoch ms. */
  readonly timestampMs: number;
  readonly partition: number;
  readonly offset: number;
}

/** The columns that say whether a rollup counts an event, and in which of its rows. */
export interface CountedColumns {
  readonly counted: string;
  readonly bucket: string;
  /** In the order of the rollup's dimensions. */
  readonly by: readonly string[];
}

/** @param place of the rollup among those that are asked about. */
export const countedColumns = ({ by }: RollupPlan, place: number): CountedColumns => ({
  counted: `counted_${place}`,
  bucket: `bucket_${place}`,
  by: by.map((_, i) => `by_${place}_${i}`),
});

import type { RollupPlan } from './plan.ts';

/*
 * A delta is a row that Flink computes from some events of a rollup, and that
 * the store adds to what it has. The names of its columns are agreed on here.
 */

/**
 * Whether a rollup is filled by deltas. One with quantiles is not: its deltas
 * would carry every value, so a view in the store fills it from the events.
 */
export const filledByDeltas = ({ measures }: RollupPlan): boolean =>
  measures.every(({ kind }) => kind !== 'quantiles');

/** What a measure keeps beside or instead of a number of its own name. */
export const partOfMeasure = (measure: string, part: 'sum' | 'count' | 'values'): string =>
  `${measure}__${part}`;

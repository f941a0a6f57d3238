import { widthsMs } from '../widths.ts';
import type { SeriesQuestion } from './series.ts';

/**
 * A part of a range of time, read for the whole: the range is cut into slices of
 * one length, as many of them in a row are a stratum, and of each stratum the same
 * number are drawn at random, without drawing one twice: one for each group. So a group is by
 * itself a sample of the whole range, and how far the groups are apart says how
 * far their mean may be from the truth.
 */
export interface Sampling {
  /** One slice of so many is read. */
  readonly oneIn: number;
  /** Where slice 0 begins (epoch ms). */
  readonly sinceMs: number;
  readonly sliceMs: number;
  readonly drawn: readonly DrawnSlice[];
}

export interface DrawnSlice {
  /** Its place among all, from 0 on. */
  readonly slice: number;
  /** From 0 on. */
  readonly group: number;
}

/** More groups make intervals a little narrower, and each slice costs a granule of the table at least. */
export const sampleGroups = 16;

/** What can be asked for, and how many buckets each get slices of their own. */
export const sampleBounds = { oneInMin: 2, oneInMax: 1_000, bucketsMax: 256 } as const;

/** Of a range without buckets: so that each group has something of each time of it. */
const strataMin = 16;

type Sampled = Pick<SeriesQuestion, 'sinceMs' | 'untilMs' | 'every'>;

/** How many buckets a question has, about; 1 for totals. */
export const bucketsOf = ({ sinceMs, untilMs, every }: Sampled): number =>
  every === null || sinceMs === null || untilMs === null
    ? 1
    : Math.ceil((untilMs - sinceMs) / widthsMs[every]);

/** The same slices each time; null for an open range, or one too short for slices of a millisecond. */
export const samplingOf = (question: Sampled, oneIn: number): Sampling | null => {
  const { sinceMs, untilMs } = question;
  if (sinceMs === null || untilMs === null) return null;
  const buckets = bucketsOf(question);
  const strata = buckets * Math.ceil(strataMin / buckets);
  const perStratum = sampleGroups * oneIn;
  if (untilMs - sinceMs < strata * perStratum) return null;
  const random = randomNumbers();
  return {
    oneIn,
    sinceMs,
    sliceMs: Math.ceil((untilMs - sinceMs) / (strata * perStratum)),
    drawn: Array.from({ length: strata }, (_, stratum) =>
      draw(sampleGroups, perStratum, random).map((place, group) => ({
        slice: stratum * perStratum + place,
        group,
      })),
    ).flat(),
  };
};

/** Different whole numbers below `below`. */
const draw = (count: number, below: number, random: () => number): readonly number[] => {
  const drawn = new Set<number>();
  while (drawn.size < count) drawn.add(Math.floor(random() * below));
  return [...drawn];
};

/** In [0, 1): the linear congruential generator of Press et al., Numerical Recipes, 1992, 7.1. */
const randomNumbers = (): (() => number) => {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

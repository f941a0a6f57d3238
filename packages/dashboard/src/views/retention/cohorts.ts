import type { Answer } from '../../question/answer.ts';
import { numberIn } from '../../question/cells.ts';
import { splitRows } from '../../question/split-rows.ts';

export interface Period {
  readonly returned: number;
  /** Of the cohort; null where nobody could return. */
  readonly share: number | null;
}

export interface Cohort {
  readonly startMs: number;
  readonly people: number;
  /** From 0 on; those that have not begun are not there. */
  readonly periods: readonly Period[];
}

/** An answer has a row for each period of each cohort. */
export const cohortsOf = ({ rows }: Pick<Answer, 'rows'>): readonly Cohort[] =>
  splitRows(rows, ({ period }) => period === 0).map((own) => ({
    startMs: Date.parse(String(own[0]?.cohort)),
    people: Number(own[0]?.people),
    periods: own.map(({ returned, share }) => ({
      returned: Number(returned),
      share: numberIn(share),
    })),
  }));

/** Of each period, how many returned of all the cohorts that have had it. */
export function allCohorts(cohorts: readonly Cohort[]): readonly Period[] {
  const longest = Math.max(0, ...cohorts.map(({ periods }) => periods.length));
  return Array.from({ length: longest }, (_, place) => {
    const had = cohorts.filter(({ periods }) => place < periods.length);
    const people = had.reduce((sum, cohort) => sum + cohort.people, 0);
    const returned = had.reduce((sum, { periods }) => sum + (periods[place]?.returned ?? 0), 0);
    return { returned, share: people === 0 ? null : returned / people };
  });
}

import type { Answer, AnswerRow } from '../../question/answer.ts';
import { levelsIn, numberIn, textIn } from '../../question/cells.ts';
import { splitRows } from '../../question/split-rows.ts';

export interface StepReached {
  /** From 1 on. */
  readonly step: number;
  readonly event: string;
  readonly people: number;
  /** Of those at the first step; null where nobody was. */
  readonly conversion: number | null;
  /** Of those at the step before; null where nobody was. */
  readonly stepConversion: number | null;
  /** After the first step, of each level; null where nobody is. */
  readonly durationsMs: readonly (number | null)[];
}

export interface FunnelGroup {
  /** Its values of the breakdown, null where one is absent; none of the only group. */
  readonly values: readonly (string | null)[];
  readonly steps: readonly StepReached[];
}

/** An answer has a row for each step of each group. */
export function groupsOf({
  columns,
  rows,
}: Pick<Answer, 'columns' | 'rows'>): readonly FunnelGroup[] {
  const names = columns.map(({ name }) => name);
  const by = names.slice(0, names.indexOf('step'));
  return splitRows(rows, ({ step }) => step === 1).map((own) => ({
    values: by.map((name) => textIn(own[0]?.[name])),
    steps: own.map(reachedOf),
  }));
}

const reachedOf = (row: AnswerRow): StepReached => ({
  step: Number(row.step),
  event: String(row.event),
  people: Number(row.people),
  conversion: numberIn(row.conversion),
  stepConversion: numberIn(row.step_conversion),
  durationsMs: levelsIn(row.duration_ms),
});

/** People at the first and at the last step, of all groups: nobody is in two. */
export function totalOf(groups: readonly FunnelGroup[]): { first: number; last: number } {
  const at = (place: number): number =>
    groups.reduce((sum, { steps }) => sum + (steps.at(place)?.people ?? 0), 0);
  return { first: at(0), last: at(-1) };
}

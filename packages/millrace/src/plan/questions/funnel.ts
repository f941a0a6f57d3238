import type { PersonField } from '../../define/person.ts';
import type { Condition, DimensionPlan } from '../plan.ts';
import type { QuestionBase, QuestionColumn } from '../question.ts';

/**
 * How many people go how far through steps.
 *
 * A journey is a sequence of events of one person, one for each step from the
 * first on, none earlier than the one before it, and the last at most `withinMs`
 * after the first. Of all a person's journeys the longest counts, of several
 * the one that begins first, and of those the one that is soonest at each step.
 * It is journeys that begin in the range: later steps may lie behind its end.
 */
export interface FunnelQuestion extends QuestionBase {
  readonly kind: 'funnel';
  readonly steps: readonly FunnelStep[];
  readonly withinMs: number;
  readonly per: PersonField;
  /** As the event of the first step has it; of several at the same instant, the least value. */
  readonly by: readonly DimensionPlan[];
  /** Of the time from the first step on, which quantiles. */
  readonly levels: readonly number[];
}

export interface FunnelStep {
  readonly from: readonly string[];
  readonly where: Condition | null;
  /**
   * How much later than the step before it must be at least. 1 where an earlier
   * step is of one of its types, so that no event is two steps; else 0, because
   * what is of one instant may have happened in any order.
   */
  readonly laterMs: 0 | 1;
}

export const funnelColumns = ({ by }: Pick<FunnelQuestion, 'by'>): readonly QuestionColumn[] => [
  ...by.map(({ name, field }) => ({ name, type: field.type.kind })),
  /** From 1 on. */
  { name: 'step', type: 'int32' },
  /** The types of the step. */
  { name: 'event', type: 'string' },
  { name: 'people', type: 'int64' },
  /** Of those who are at the first step. */
  { name: 'conversion', type: 'float64' },
  /** Of those who are at the step before. */
  { name: 'step_conversion', type: 'float64' },
  /** From the first step on. */
  { name: 'duration_ms', type: 'array' },
];

/** How a step is called in the answer. */
export const stepName = ({ from }: FunnelStep): string => from.join(' or ');

import { measureType } from '../measure-type.ts';
import type { Condition, DimensionPlan, Every, MeasurePlan } from '../plan.ts';
import type { QuestionBase, QuestionColumn } from '../question.ts';

/** Measures of events: totals, or a series of them over time. */
export interface SeriesQuestion extends QuestionBase {
  readonly kind: 'series';
  /** Types of event. */
  readonly from: readonly string[];
  /** Over the events. */
  readonly where: Condition | null;
  /** The width of the buckets, by the calendar and clock of `zone`; null for totals. */
  readonly every: Every | null;
  /** An IANA time zone. */
  readonly zone: string;
  readonly by: readonly DimensionPlan[];
  readonly measures: readonly MeasurePlan[];
  /** By columns of the answer; what is left equal goes by bucket and dimensions. */
  readonly order: readonly { readonly column: string; readonly descending: boolean }[];
  /** How many groups, in the order of their totals, have rows of their own; all others are one. Null: all. */
  readonly groupsMax: number | null;
  /** How long (ms) before the range the one lies that it is compared with; null for none. */
  readonly previousByMs: number | null;
  /** How much is read where no rollup answers: one part of so many, or as much as one question may; null for all. */
  readonly sample: number | 'auto' | null;
  /** Whether buckets without events have a row too, for each group that has one at all. */
  readonly fill: boolean;
}

/** The column that tells the row of all other groups from a group of absent values. */
export const otherColumn = 'other';

/** The column of a measure's value in the period before. */
export const previousColumn = (measure: string): string => `${measure}_previous`;

/** The columns of the interval that holds a measure's true value. */
export const boundColumns = (measure: string): { readonly low: string; readonly high: string } => ({
  low: `${measure}_low`,
  high: `${measure}_high`,
});

/** The columns that tell one group from another. */
export const groupColumns = ({
  by,
  groupsMax,
}: Pick<SeriesQuestion, 'by' | 'groupsMax'>): readonly QuestionColumn[] => [
  ...(groupsMax === null ? [] : [{ name: otherColumn, type: 'boolean' } as const]),
  ...by.map(({ name, field }) => ({ name, type: field.type.kind })),
];

/** The columns of the answer, in their order: the bucket, the group, the measures. */
export const seriesColumns = (
  question: Pick<
    SeriesQuestion,
    'every' | 'by' | 'groupsMax' | 'measures' | 'previousByMs' | 'sample'
  >,
): readonly QuestionColumn[] => [
  ...(question.every === null ? [] : [{ name: 'bucket', type: 'timestamp' } as const]),
  ...groupColumns(question),
  ...question.measures.flatMap((measure): readonly QuestionColumn[] => {
    const type = measureType(measure).kind;
    const { low, high } = boundColumns(measure.name);
    const bound = type === 'array' ? 'array' : 'float64';
    return [
      { name: measure.name, type },
      ...(question.previousByMs === null ? [] : [{ name: previousColumn(measure.name), type }]),
      ...(question.sample === null
        ? []
        : [{ name: low, type: bound } as const, { name: high, type: bound } as const]),
    ];
  }),
];

/** Event time that is read (epoch ms): of both periods, where two are compared. */
export const rangeRead = ({
  sinceMs,
  untilMs,
  previousByMs,
}: SeriesQuestion): Pick<QuestionBase, 'sinceMs' | 'untilMs'> => ({
  sinceMs: sinceMs === null ? null : sinceMs - (previousByMs ?? 0),
  untilMs,
});

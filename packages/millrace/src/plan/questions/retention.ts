import type { PersonField } from '../../define/person.ts';
import type { QuestionBase, QuestionColumn } from '../question.ts';
import type { EventsAsked } from './events-asked.ts';

export const retentionWidths = ['day', 'week', 'month'] as const;

/**
 * How many people come back, and how long after their first event.
 *
 * A person belongs to the cohort of the bucket in which their first event lies,
 * the earliest there is. They return in a period if one of its events is
 * later than that first one; period 0 is the cohort's own bucket.
 */
export interface RetentionQuestion extends QuestionBase {
  readonly kind: 'retention';
  readonly first: EventsAsked;
  readonly back: EventsAsked;
  readonly every: (typeof retentionWidths)[number];
  /** An IANA time zone. */
  readonly zone: string;
  /** The last period, counted from 0. */
  readonly periods: number;
  readonly per: PersonField;
}

export const retentionColumns: readonly QuestionColumn[] = [
  { name: 'cohort', type: 'timestamp' },
  /** In the cohort. */
  { name: 'people', type: 'int64' },
  { name: 'period', type: 'int32' },
  /** Of them, those who came back in the period. */
  { name: 'returned', type: 'int64' },
  { name: 'share', type: 'float64' },
];

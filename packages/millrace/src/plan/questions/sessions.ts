import type { PersonField } from '../../define/person.ts';
import type { DimensionPlan, Every } from '../plan.ts';
import type { QuestionBase, QuestionColumn } from '../question.ts';
import type { EventsAsked } from './events-asked.ts';

/**
 * What people do at a time: their events, until one comes `gapMs` or more after
 * the one before it. A session counts where it begins, if that is in the range;
 * what happens from the end of the range on is not part of it.
 */
export interface SessionsQuestion extends QuestionBase {
  readonly kind: 'sessions';
  readonly of: EventsAsked;
  readonly gapMs: number;
  readonly per: PersonField;
  /** The width of the buckets in which sessions begin, by the calendar and clock of `zone`; null for totals. */
  readonly every: Every | null;
  /** An IANA time zone. */
  readonly zone: string;
  /** Fields of the first event; of several at the same instant, the least value that is there. Named `entry_…`. */
  readonly entry: readonly DimensionPlan[];
  /** Fields of the last event; of several at the same instant, the greatest value that is there. Named `exit_…`. */
  readonly exit: readonly DimensionPlan[];
  /** Of the length, which quantiles. */
  readonly levels: readonly number[];
}

export const sessionsColumns = ({
  every,
  entry,
  exit,
}: Pick<SessionsQuestion, 'every' | 'entry' | 'exit'>): readonly QuestionColumn[] => [
  ...(every === null ? [] : [{ name: 'bucket', type: 'timestamp' } as const]),
  ...[...entry, ...exit].map(({ name, field }) => ({ name, type: field.type.kind })),
  { name: 'sessions', type: 'int64' },
  { name: 'people', type: 'int64' },
  { name: 'events', type: 'int64' },
  { name: 'events_per_session', type: 'float64' },
  /** The share of sessions of a single event. */
  { name: 'bounce_rate', type: 'float64' },
  { name: 'mean_duration_ms', type: 'float64' },
  { name: 'duration_ms', type: 'array' },
];

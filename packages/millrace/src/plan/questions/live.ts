import type { PersonField } from '../../define/person.ts';
import type { QuestionBase, QuestionColumn } from '../question.ts';
import type { EventsAsked } from './events-asked.ts';

/** What happens now: the last minutes, the one under way among them. */
export interface LiveQuestion extends QuestionBase {
  readonly kind: 'live';
  readonly of: EventsAsked;
  readonly per: PersonField;
  /** The start of the first. */
  readonly sinceMs: number;
  readonly minutes: number;
}

export const liveColumns: readonly QuestionColumn[] = [
  /** Null in the first row, which is of all minutes. */
  { name: 'bucket', type: 'timestamp' },
  { name: 'events', type: 'int64' },
  { name: 'people', type: 'int64' },
];

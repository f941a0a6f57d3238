import type { Answer } from '../../question/answer.ts';
import { levelsIn, numberIn, textIn } from '../../question/cells.ts';

/** What is told of sessions together: of all, of a bucket, of those that begin or end alike. */
export interface SessionsRow {
  /** The first instant of the bucket, or the value of the field; null where that is absent, or there is neither. */
  readonly of: string | null;
  readonly sessions: number;
  readonly people: number;
  readonly eventsPerSession: number | null;
  /** The share of sessions of a single event. */
  readonly bounceRate: number | null;
  readonly meanMs: number | null;
  /** Of each level. */
  readonly durationsMs: readonly (number | null)[];
}

/** Rows of an answer that are cut by one column at most, which is its first. */
export function sessionRowsOf({ columns, rows }: Answer): readonly SessionsRow[] {
  const first = columns[0]?.name ?? '';
  return rows.map((row) => ({
    of: first === 'sessions' ? null : textIn(row[first]),
    sessions: Number(row.sessions),
    people: Number(row.people),
    eventsPerSession: numberIn(row.events_per_session),
    bounceRate: numberIn(row.bounce_rate),
    meanMs: numberIn(row.mean_duration_ms),
    durationsMs: levelsIn(row.duration_ms),
  }));
}

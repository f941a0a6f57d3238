import type { Answer, AnswerRow } from '../../question/answer.ts';

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
    of: first === 'sessions' ? null : textOf(row[first]),
    sessions: Number(row.sessions),
    people: Number(row.people),
    eventsPerSession: numberOf(row.events_per_session),
    bounceRate: numberOf(row.bounce_rate),
    meanMs: numberOf(row.mean_duration_ms),
    durationsMs: Array.isArray(row.duration_ms) ? row.duration_ms : [],
  }));
}

const textOf = (value: AnswerRow[string] | undefined): string | null =>
  value === null || value === undefined ? null : String(value);

const numberOf = (value: AnswerRow[string] | undefined): number | null =>
  typeof value === 'number' ? value : null;

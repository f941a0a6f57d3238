import type { PropertyType } from '../define/property.ts';
import { type FunnelQuestion, funnelColumns } from './questions/funnel.ts';
import { type LiveQuestion, liveColumns } from './questions/live.ts';
import { type RetentionQuestion, retentionColumns } from './questions/retention.ts';
import { type SeriesQuestion, seriesColumns } from './questions/series.ts';
import { type SessionsQuestion, sessionsColumns } from './questions/sessions.ts';

/** A question about events, with every name in it resolved. Each kind has a file of its own in `questions/`. */
export type Question =
  | SeriesQuestion
  | FunnelQuestion
  | RetentionQuestion
  | SessionsQuestion
  | LiveQuestion;

/** What questions of every kind have. */
export interface QuestionBase {
  /** Event time, `sinceMs <= timestamp < untilMs`, epoch ms; null where the range is open. */
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  /** The most rows the answer may have. */
  readonly rowsMax: number;
  /** How old (ms) the answer may be, though there is more by now. */
  readonly ageMsMax: number;
  /** Whether the answer says how it came about. */
  readonly explain: boolean;
}

export interface QuestionColumn {
  readonly name: string;
  readonly type: PropertyType['kind'];
}

/** The columns of the answer, in their order. */
export const questionColumns = (question: Question): readonly QuestionColumn[] => {
  switch (question.kind) {
    case 'series':
      return seriesColumns(question);
    case 'funnel':
      return funnelColumns(question);
    case 'retention':
      return retentionColumns;
    case 'sessions':
      return sessionsColumns(question);
    case 'live':
      return liveColumns;
  }
};

/** How large a question, and its answer, may be. */
export const questionBounds = { rowsMax: 10_000, rowsDefault: 1_000, ageMsMax: 60_000 } as const;

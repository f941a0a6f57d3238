import type { Question } from '../../plan/question.ts';
import type { Serving } from '../../plan/serving.ts';
import type { Select } from './nodes.ts';
import { print } from './printer.ts';
import { funnelSelect } from './questions/funnel.ts';
import { liveSelect } from './questions/live.ts';
import { retentionSelect } from './questions/retention.ts';
import { seriesSelect } from './questions/series.ts';
import { sessionsSelect } from './questions/sessions.ts';

export interface QuestionOptions {
  readonly database: string;
}

/** The statement that answers a question from the table that serves it: one row more than `rowsMax` if there are more. */
export const questionSelect = (
  question: Question,
  serving: Serving,
  { database }: QuestionOptions,
): string => print({ node: 'select', select: selectOf(question, serving, database) });

const selectOf = (question: Question, serving: Serving, database: string): Select => {
  switch (question.kind) {
    case 'series':
      return seriesSelect(question, serving, database);
    case 'funnel':
      return funnelSelect(question, database);
    case 'retention':
      return retentionSelect(question, database);
    case 'sessions':
      return sessionsSelect(question, database);
    case 'live':
      return liveSelect(question, database);
  }
};

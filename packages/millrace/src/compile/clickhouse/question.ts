import type { Question } from '../../plan/question.ts';
import type { Serving } from '../../plan/serving.ts';
import { print } from './printer.ts';
import { seriesSelect } from './questions/series.ts';

export interface QuestionOptions {
  readonly database: string;
}

/** The statement that answers a question from the table that serves it. */
export const questionSelect = (
  question: Question,
  serving: Serving,
  { database }: QuestionOptions,
): string => print({ node: 'select', select: seriesSelect(question, serving, database) });

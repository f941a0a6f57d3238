import type { Answer } from '../../../millrace/dist/query/answer-question.js';
import { askJson } from '../api/ask.ts';

export type { Answer };
export type AnswerRow = Answer['rows'][number];
export type AnswerColumn = Answer['columns'][number];

/** Asks `POST /v1/query`, and how the answer came about. */
export const askQuestion = (question: object, signal: AbortSignal): Promise<Answer> =>
  askJson('/v1/query', { body: JSON.stringify({ ...question, explain: true }), signal });

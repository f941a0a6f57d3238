import type { Answer } from './answer.ts';
import { type TextQuestion, typescriptText } from './typescript-text.ts';

/** A question in the forms that can be copied. */
export const questionForms = (
  method: 'query' | 'funnel' | 'retention' | 'sessions',
  question: TextQuestion,
  answer: Answer,
): readonly (readonly [name: string, text: string | undefined])[] => [
  ['JSON', JSON.stringify(method === 'query' ? question : { kind: method, ...question }, null, 2)],
  ['TypeScript', typescriptText(method, question, location.origin)],
  ['SQL', answer.explanation?.events_sql],
];

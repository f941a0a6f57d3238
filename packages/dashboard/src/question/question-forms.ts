import type { Answer } from './answer.ts';
import { type TextQuestion, typescriptText } from './typescript-text.ts';

/** A question that follows people, in the forms that can be copied. */
export const questionForms = (
  kind: 'funnel' | 'retention' | 'sessions',
  question: TextQuestion,
  answer: Answer,
): readonly (readonly [name: string, text: string | undefined])[] => [
  ['JSON', JSON.stringify({ kind, ...question }, null, 2)],
  ['TypeScript', typescriptText(kind, question, location.origin)],
  ['SQL', answer.explanation?.events_sql],
];

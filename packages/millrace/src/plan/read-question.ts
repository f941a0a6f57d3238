import { MillraceError } from '../errors.ts';
import { type Contradiction, isRecord, type Report, readRecord } from './contradiction.ts';
import type { Plan } from './plan.ts';
import type { Question } from './question.ts';
import { readSeries } from './questions/read-series.ts';

/**
 * The question that a JSON document asks of a pipeline.
 *
 * @param knowsZone whether the store has a time zone of that name.
 * @throws MillraceError `question_invalid` with every mistake, its place and its mend.
 */
export const readQuestion = (
  document: unknown,
  plan: Plan,
  knowsZone: (name: string) => boolean,
): Question => {
  const found: Contradiction[] = [];
  const report: Report = (code, place, message, mend) => {
    found.push({ code, place, message, mend });
  };
  const question = isRecord(document) ? readSeries(document, plan, knowsZone, report) : undefined;
  if (!isRecord(document)) readRecord(document, '', [], report);
  if (question !== undefined && found.length === 0) return question;
  const lines = found.map(
    ({ place, message, mend }) => `${place === '' ? 'question' : place}: ${message} ${mend}`,
  );
  throw new MillraceError('question_invalid', lines.join('\n'));
};

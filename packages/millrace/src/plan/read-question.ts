import { MillraceError } from '../errors.ts';
import {
  type Contradiction,
  didYouMean,
  isRecord,
  type Report,
  readRecord,
  shown,
} from './contradiction.ts';
import type { Plan } from './plan.ts';
import type { Question } from './question.ts';
import { readFunnel } from './questions/read-funnel.ts';
import { readLive } from './questions/read-live.ts';
import { readRetention } from './questions/read-retention.ts';
import { readSeries } from './questions/read-series.ts';
import { readSessions } from './questions/read-sessions.ts';

export interface ReadingOptions {
  /** Whether the store has a time zone of that name. */
  readonly knowsZone: (name: string) => boolean;
  readonly nowMs: number;
}

/**
 * The question that a JSON document asks of a pipeline.
 *
 * @throws MillraceError `question_invalid` with every mistake, its place and its mend.
 */
export const readQuestion = (document: unknown, plan: Plan, options: ReadingOptions): Question => {
  const found: Contradiction[] = [];
  const report: Report = (code, place, message, mend) => {
    found.push({ code, place, message, mend });
  };
  const question = questionOf(document, plan, options, report);
  if (question !== undefined && found.length === 0) return question;
  const lines = found.map(
    ({ place, message, mend }) => `${place === '' ? 'question' : place}: ${message} ${mend}`,
  );
  throw new MillraceError('question_invalid', lines.join('\n'));
};

const kinds: readonly Question['kind'][] = ['series', 'funnel', 'retention', 'sessions', 'live'];

const questionOf = (
  document: unknown,
  plan: Plan,
  { knowsZone, nowMs }: ReadingOptions,
  report: Report,
): Question | undefined => {
  if (!isRecord(document)) {
    readRecord(document, '', [], report);
    return undefined;
  }
  const kind = kinds.find((known) => known === (document.kind ?? 'series'));
  switch (kind) {
    case 'series':
      return readSeries(document, plan, knowsZone, report);
    case 'funnel':
      return readFunnel(document, plan, report);
    case 'retention':
      return readRetention(document, plan, knowsZone, report);
    case 'sessions':
      return readSessions(document, plan, knowsZone, report);
    case 'live':
      return readLive(document, plan, nowMs, report);
    case undefined:
      report(
        'bad_value',
        'kind',
        `There are no questions of the kind ${shown(document.kind)}.`,
        didYouMean(document.kind, kinds),
      );
      return undefined;
  }
};

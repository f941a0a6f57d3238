import type { ServerResponse } from 'node:http';
import { SqlRefusal } from '../query/sql-guard/index.ts';
import { bodyBudget } from './body-budget.ts';
import type { SqlLimits } from './sql-limits.ts';

/**
 * Counts an answer until its reader has taken it, or is gone.
 *
 * @throws SqlRefusal where all of them would be too many bytes.
 */
export type HoldAnswer = (response: ServerResponse, bytes: number) => void;

/** A bound on the bytes of all answers that are in memory, and on how long a reader may leave one there. */
export function holdAnswers({
  answersMaxBytes,
  answerIdleMaxMs,
}: Pick<SqlLimits, 'answersMaxBytes' | 'answerIdleMaxMs'>): HoldAnswer {
  const budget = bodyBudget(answersMaxBytes);
  return (response, bytes) => {
    if (bytes > answersMaxBytes) {
      throw new SqlRefusal(
        'TOO_MANY_ROWS_OR_BYTES',
        `The answer has ${bytes} bytes, more than ${answersMaxBytes}: add a LIMIT or ask for fewer columns`,
      );
    }
    if (response.destroyed) return;
    if (!budget.take(bytes)) {
      throw new SqlRefusal(
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `${budget.takenBytes} bytes of answers wait for their readers`,
      );
    }
    response.once('close', () => budget.giveBack(bytes));
    response.setTimeout(answerIdleMaxMs, () => response.destroy());
  };
}

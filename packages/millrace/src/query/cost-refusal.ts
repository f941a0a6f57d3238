import { MillraceError } from '../errors.ts';
import { StoreError } from '../ports/store.ts';

/** TOO_MANY_ROWS, which the engine says by its index, before it reads. */
const tooManyRows = 158;

/** TIMEOUT_EXCEEDED, TOO_SLOW, MEMORY_LIMIT_EXCEEDED, NOT_ENOUGH_SPACE, TOO_MANY_ROWS_OR_BYTES. */
const tooCostly: readonly number[] = [159, 160, 241, 243, 396];

/** What a read has thrown: `question_too_costly` where that is why, else the same. */
export function costRefusal(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  if (error.code === tooManyRows) return readsTooMuch(error);
  if (!tooCostly.includes(error.code)) return error;
  return new MillraceError(
    'question_too_costly',
    'This takes more time or memory than one question may.',
    { cause: error },
  );
}

/** Whether a refusal is for the rows that would be read, so that reading fewer may do. */
export const isForRows = (error: unknown): boolean =>
  error instanceof MillraceError &&
  error.cause instanceof StoreError &&
  error.cause.code === tooManyRows;

function readsTooMuch(error: StoreError): MillraceError {
  const [, most, rows] =
    /max rows: (\d+\.\d+(?: \w+)?), current rows: (\d+\.\d+(?: \w+)?)/.exec(error.message) ?? [];
  return new MillraceError(
    'question_too_costly',
    `This would read ${rows ?? 'more'} rows of a table, and a question may read ${most ?? 'fewer'}. Nothing was read.`,
    { cause: error },
  );
}

import { MillraceError } from '../errors.ts';
import { StoreError } from '../ports/store.ts';
import { SqlRefusal } from '../query/sql-guard/index.ts';

/** An error as a ClickHouse server would answer it. */
export interface SqlErrorAnswer {
  readonly status: number;
  readonly code: number;
  readonly text: string;
}

/** The HTTP status ClickHouse gives each error code; all others are 500. */
const statuses: ReadonlyMap<number, number> = new Map([
  ...[
    36, 427, 6, 25, 26, 38, 41, 72, 441, 675, 676, 376, 27, 15, 44, 8, 223, 224, 167, 168, 225, 62,
    117, 53, 321, 456, 457,
  ].map((code): [number, number] => [code, 400]),
  ...[60, 46, 47, 50, 56, 81, 115, 149, 63, 73, 336, 78].map((code): [number, number] => [
    code,
    404,
  ]),
  ...[192, 193, 516, 497].map((code): [number, number] => [code, 403]),
  [194, 401],
  [591, 413],
  [48, 501],
  [209, 503],
  [439, 503],
  [159, 408],
]);

/** @throws what is no error of a question, as it is. */
export function sqlErrorAnswer(error: unknown): SqlErrorAnswer {
  if (error instanceof SqlRefusal) {
    return {
      status: statuses.get(error.engineCode) ?? 500,
      code: error.engineCode,
      text: exception(error.engineCode, error.message, error.engineError),
    };
  }
  if (error instanceof StoreError) {
    return {
      status: statuses.get(error.code) ?? 500,
      code: error.code,
      text: `${error.message}\n`,
    };
  }
  if (error instanceof MillraceError && error.code === 'unauthorized') {
    return { status: 401, code: 516, text: exception(516, error.message, 'AUTHENTICATION_FAILED') };
  }
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 413) {
    return { status: 413, code: 591, text: exception(591, error.message, 'QUERY_IS_TOO_LARGE') };
  }
  throw error;
}

const exception = (code: number, message: string, name: string): string =>
  `Code: ${code}. DB::Exception: ${message}. (${name})\n`;

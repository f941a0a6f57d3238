import { MillraceError } from '../errors.ts';
import { StoreError } from '../ports/store.ts';
import { SqlRefusal } from '../query/sql-guard/index.ts';

/** An error as a ClickHouse server would answer it. */
export interface SqlErrorAnswer {
  readonly status: number;
  readonly code: number;
  readonly text: string;
}

/** Codes by the status they are answered with, `NAME:code`. */
export const codesByStatus = {
  400: `BAD_ARGUMENTS:36 CANNOT_COMPILE_REGEXP:427 CANNOT_PARSE_TEXT:6 CANNOT_PARSE_ESCAPE_SEQUENCE:25
    CANNOT_PARSE_QUOTED_STRING:26 CANNOT_PARSE_DATE:38 CANNOT_PARSE_DATETIME:41 CANNOT_PARSE_NUMBER:72
    CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING:441 CANNOT_PARSE_IPV4:675 CANNOT_PARSE_IPV6:676
    CANNOT_PARSE_UUID:376 CANNOT_PARSE_INPUT_ASSERTION_FAILED:27 DUPLICATE_COLUMN:15 ILLEGAL_COLUMN:44
    THERE_IS_NO_COLUMN:8 UNKNOWN_ELEMENT_IN_AST:37 UNKNOWN_TYPE_OF_AST_NODE:123 TOO_DEEP_AST:167
    TOO_BIG_AST:168 UNEXPECTED_AST_STRUCTURE:223 SYNTAX_ERROR:62 INCORRECT_DATA:117 TYPE_MISMATCH:53
    VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE:321 UNKNOWN_QUERY_PARAMETER:456 BAD_QUERY_PARAMETER:457`,
  401: 'REQUIRED_PASSWORD:194',
  403: 'UNKNOWN_USER:192 WRONG_PASSWORD:193 AUTHENTICATION_FAILED:516 SET_NON_GRANTED_ROLE:512 ACCESS_DENIED:497 READONLY:164',
  404: `UNKNOWN_TABLE:60 UNKNOWN_FUNCTION:46 UNKNOWN_IDENTIFIER:47 UNKNOWN_TYPE:50 UNKNOWN_STORAGE:56
    UNKNOWN_DATABASE:81 UNKNOWN_SETTING:115 UNKNOWN_DIRECTION_OF_SORTING:152
    UNKNOWN_AGGREGATE_FUNCTION:63 UNKNOWN_FORMAT:73 UNKNOWN_DATABASE_ENGINE:336
    UNKNOWN_TYPE_OF_QUERY:78 UNKNOWN_ROLE:511`,
  408: 'TIMEOUT_EXCEEDED:159',
  413: 'QUERY_IS_TOO_LARGE:229',
  501: 'NOT_IMPLEMENTED:48',
  503: 'SOCKET_TIMEOUT:209 NETWORK_ERROR:210 CANNOT_OPEN_FILE:76 CANNOT_SCHEDULE_TASK:439 TOO_MANY_SIMULTANEOUS_QUERIES:202',
};

/**
 * The HTTP status ClickHouse gives each error code; all others are 500. Four of
 * ours differ: a mistake in a query parameter is 400, what may not be done here is
 * 403, too many queries and a store that cannot be reached are 503, to be sent again.
 */
const known: ReadonlyMap<number, { readonly name: string; readonly status: number }> = new Map(
  Object.entries(codesByStatus).flatMap(([status, codes]) =>
    codes.split(/\s+/).map((each) => {
      const [name = '', code] = each.split(':');
      return [Number(code), { name, status: Number(status) }] as const;
    }),
  ),
);

const statusOf = (code: number): number => known.get(code)?.status ?? 500;

/** @throws what is no error of a question, as it is. */
export function sqlErrorAnswer(error: unknown): SqlErrorAnswer {
  if (error instanceof SqlRefusal) {
    return {
      status: statusOf(error.engineCode),
      code: error.engineCode,
      text: exception(error.engineCode, error.message, error.engineError),
    };
  }
  if (error instanceof StoreError && error.code === 0) {
    const text = exception(210, `The store does not answer: ${error.message}`, 'NETWORK_ERROR');
    return { status: statusOf(210), code: 210, text };
  }
  if (error instanceof StoreError) {
    return {
      status: statusOf(error.code),
      code: error.code,
      text: whole(error),
    };
  }
  if (error instanceof MillraceError && error.code === 'unauthorized') {
    return { status: 401, code: 516, text: exception(516, error.message, 'AUTHENTICATION_FAILED') };
  }
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 413) {
    return { status: 413, code: 229, text: exception(229, error.message, 'QUERY_IS_TOO_LARGE') };
  }
  throw error;
}

const exception = (code: number, message: string, name: string): string =>
  `Code: ${code}. DB::Exception: ${message.replace(/\.$/, '')}. (${name})\n`;

/** What the engine says ends where it quotes a NUL: clients look for the name behind it. */
const whole = ({ code, message }: StoreError): string =>
  /\([A-Z_0-9]+\)$/.test(message)
    ? `${message}\n`
    : `${message}…. (${known.get(code)?.name ?? 'UNKNOWN_EXCEPTION'})\n`;

import { StoreError } from '../../ports/store.ts';

/**
 * Codes that mean "these bytes can never be stored": the engine could not read
 * a row, or refused it before writing anything. Found by inserting such rows;
 * names are those of ClickHouse's `ErrorCodes`.
 */
const unreadable: ReadonlySet<number> = new Set([
  6, // CANNOT_PARSE_TEXT
  25, // CANNOT_PARSE_ESCAPE_SEQUENCE
  26, // CANNOT_PARSE_QUOTED_STRING
  27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  38, // CANNOT_PARSE_DATE
  41, // CANNOT_PARSE_DATETIME
  53, // TYPE_MISMATCH
  69, // ARGUMENT_OUT_OF_BOUND
  72, // CANNOT_PARSE_NUMBER
  117, // INCORRECT_DATA
  130, // CANNOT_READ_ARRAY_FROM_TEXT
  131, // TOO_LARGE_STRING_SIZE
  321, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  376, // CANNOT_PARSE_UUID
  407, // DECIMAL_OVERFLOW
  467, // CANNOT_PARSE_BOOL
]);

const tooManyParts = 252;

const throwIfIsTrue = 395;

/** What the engine says of an insert that comes after its deadline; nothing else says this. */
export const lateInsert = 'the deadline of this insert has passed';

/** What an engine said, `Code: 62. DB::Exception: …`, or what kept it from saying anything (code 0). */
export function storeError(message: string, cause: unknown, code = codeIn(message)): StoreError {
  return new StoreError(code, message, retryOf(code, message), { cause });
}

const codeIn = (message: string): number => Number(/Code: (\d+)/.exec(message)?.[1] ?? 0);

export const cancelled = (cause: unknown): StoreError =>
  new StoreError(
    394,
    'Code: 394. DB::Exception: Query was cancelled. (QUERY_WAS_CANCELLED)',
    'same',
    { cause },
  );

function retryOf(code: number, message: string): StoreError['retry'] {
  if (unreadable.has(code)) return 'split';
  // One code, two meanings: a block over too many partitions never passes, while
  // a table with too many parts only has to merge first.
  if (code === tooManyParts && message.includes('partitions')) return 'split';
  if (code === throwIfIsTrue && message.includes(lateInsert)) return 'late';
  return 'same';
}

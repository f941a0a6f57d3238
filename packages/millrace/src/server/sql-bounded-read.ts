import { type ReadResult, type Store, StoreError } from '../ports/store.ts';
import { type GuardedStatement, SqlRefusal } from '../query/sql-guard/index.ts';

export interface BoundedRead {
  readonly statement: GuardedStatement;
  readonly format: string;
  readonly settings: { readonly [name: string]: string | number };
  /** Of the answer, before it is written in its format. */
  readonly resultMaxBytes: number;
  /** Stops the question. */
  readonly signal: AbortSignal;
}

/** Answers of up to so many rows are read at once; longer ones are weighed first. */
const UNWEIGHED_ROWS_MAX = 50_000;
/** A statement's own text can come back with every row, as the name of an enum's value. */
const NAMES_UNWEIGHED_MAX = 2_048;
const TOO_MANY_ROWS_OR_BYTES = 396;

/** What makes long strings of short ones, at once or written again and again. */
const growing =
  /\b(repeat|space|\w*pad\w*|random\w*|toFixedString|replace\w*|\w*concat\w*|string_agg|array_to_string|format|printf|translate\w*|hex|bin|base\w*|encode\w*|toJSONString)\W*\(|\|\|/i;

/** Formats that write the name of each column with each row. */
const namesInEachRow =
  /^(JSON|JSONStrings|JSON(Strings)?EachRow.*|JSONL|JSONLines|NDJSON|JSONObjectEachRow|PrettyJSONEachRow|XML|Vertical|TSKV|BSONEachRow|SQLInsert)$/;

/**
 * Reads an answer that fits in memory, or refuses. The engine counts a column
 * of one value, or of few (LowCardinality), only once, writes it as often as
 * there are rows, and counts the written bytes towards no limit: ten million
 * rows of one string of 1,000 bytes pass `max_result_bytes` and take 13 GB. So
 * what could grow like that is weighed by a question of its own.
 *
 * @throws SqlRefusal `TOO_MANY_ROWS_OR_BYTES`, StoreError.
 */
export async function readBounded(store: Store, read: BoundedRead): Promise<ReadResult> {
  const { statement, format, settings, resultMaxBytes, signal } = read;
  const { sql } = statement;
  if (!statement.isQuestion) return store.read(sql, { format, settings, signal });

  const rowsMax = Math.min(UNWEIGHED_ROWS_MAX, Math.ceil(resultMaxBytes / sql.length));
  if (!growing.test(sql)) {
    const asked = Number(settings.max_result_rows ?? 0);
    if (asked > 0 && asked <= rowsMax) return store.read(sql, { format, settings, signal });
    try {
      return await store.read(sql, {
        format,
        signal,
        settings: { ...settings, max_result_rows: rowsMax, result_overflow_mode: 'throw' },
      });
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== TOO_MANY_ROWS_OR_BYTES) throw error;
    }
  }

  const { rows, bytes } = await weigh(store, sql, settings, signal);
  const unweighed = namesInEachRow.test(format) ? 0 : NAMES_UNWEIGHED_MAX;
  const namesBytes = rows * Math.max(0, sql.length - unweighed);
  if (bytes + namesBytes > resultMaxBytes) {
    throw new SqlRefusal(
      'TOO_MANY_ROWS_OR_BYTES',
      `The answer has ${rows} rows and about ${bytes + namesBytes} bytes, more than ${resultMaxBytes}: add a LIMIT or ask for fewer columns`,
    );
  }
  return store.read(sql, { format, settings, signal });
}

interface Weight {
  readonly rows: number;
  readonly bytes: number;
}

async function weigh(
  store: Store,
  sql: string,
  settings: BoundedRead['settings'],
  signal: AbortSignal,
): Promise<Weight> {
  const result = await store.read(`SELECT count(), sum(byteSize(*)) FROM (${sql}\n)`, {
    format: 'TabSeparated',
    signal,
    // Only a limit of the engine's own may stop this count, and then with an error.
    settings: { ...settings, result_overflow_mode: 'throw' },
  });
  const text = Buffer.from(result.bytes).toString('utf8');
  const [, rows, bytes] = /^(\d+)\t(\d+)\n$/.exec(text) ?? [];
  if (rows === undefined) throw new Error(`The weight of an answer is no pair of numbers: ${text}`);
  return { rows: Number(rows), bytes: Number(bytes) };
}

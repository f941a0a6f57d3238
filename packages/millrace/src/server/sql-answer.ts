import { type AnswerStream, wholeAnswer } from '../ports/answer-stream.ts';
import { type Store, StoreError } from '../ports/store.ts';
import { type GuardedStatement, SqlRefusal } from '../query/sql-guard/index.ts';
import type { SqlLimits } from './sql-limits.ts';

export interface SqlQuestion {
  readonly statement: GuardedStatement;
  readonly format: string;
  readonly settings: { readonly [name: string]: string | number };
  readonly limits: Pick<SqlLimits, 'resultMaxBytes' | 'answerMaxBytes'>;
  /** Stops the question. */
  readonly signal: AbortSignal;
}

/** Formats of which the engine has all rows in memory before it writes the first. */
const writtenAtTheEnd = /^(JSON(Compact)?Columns(WithMetadata)?|Pretty\w*MonoBlock|Npy)$/;
/** Such answers of up to so many rows are not weighed. */
const UNWEIGHED_ROWS_MAX = 50_000;
const TOO_MANY_ROWS_OR_BYTES = 396;

/** What makes long strings of short ones, at once or written again and again. */
const growing =
  /\b(repeat|space|\w*pad\w*|random\w*|toFixedString|replace\w*|\w*concat\w*|string_agg|array_to_string|format|printf|translate\w*|hex|bin|base\w*|encode\w*|toJSONString|group\w*Array\w*|arrayResize|arrayWithConstant|range)\W*\(|\|\|/i;
/** A statement's own text, and what its placeholders stand for, can be the value of every row. */
const TEXT_UNWEIGHED_MAX = 32 * 1024;
/** Of one row. Blocks of such rows fit in the engine's memory, however many rows there are. */
const ROW_BYTES_MAX = 4 * 1024;

/**
 * Asks for an answer of any length, or refuses one that the engine would need
 * too much memory to write. The engine counts a column of one value, or of few
 * (LowCardinality), only once, and counts what it makes of them to be written
 * towards no limit: `max_memory_usage` does not hold there. So what could grow
 * like that is weighed by a question of its own.
 *
 * @throws SqlRefusal `TOO_MANY_ROWS_OR_BYTES`, StoreError.
 */
export async function askSql(store: Store, question: SqlQuestion): Promise<AnswerStream> {
  const { statement, format, settings, limits, signal } = question;
  const { sql } = statement;
  if (!statement.isQuestion) return wholeAnswer(store.read(sql, { format, settings, signal }));

  if (growing.test(sql) || textLength(statement) > TEXT_UNWEIGHED_MAX) {
    const { rows, bytes, widestRowBytes } = await weigh(store, question);
    const isHeld = writtenAtTheEnd.test(format);
    if (bytes > limits.resultMaxBytes && (isHeld || widestRowBytes > ROW_BYTES_MAX)) {
      throw tooLong(rows, bytes, limits.resultMaxBytes);
    }
  } else if (writtenAtTheEnd.test(format)) {
    const short = store.stream(sql, {
      format,
      signal,
      settings: { ...settings, ...shortSettings(settings) },
    });
    try {
      await short.ended;
      return short;
    } catch (error) {
      await short.leave();
      if (!(error instanceof StoreError) || error.code !== TOO_MANY_ROWS_OR_BYTES) throw error;
    }
    const { rows, bytes } = await weigh(store, question);
    if (bytes > limits.resultMaxBytes) throw tooLong(rows, bytes, limits.resultMaxBytes);
  }
  return bounded(store.stream(sql, { format, settings, signal }), limits.answerMaxBytes);
}

function textLength({ sql, engineSettings }: GuardedStatement): number {
  return Object.values(engineSettings).reduce<number>(
    (sum, value) => sum + String(value).length,
    sql.length,
  );
}

function shortSettings(settings: SqlQuestion['settings']): SqlQuestion['settings'] {
  const asked = Number(settings.max_result_rows ?? 0);
  if (asked > 0 && asked <= UNWEIGHED_ROWS_MAX) return {};
  return { max_result_rows: UNWEIGHED_ROWS_MAX, result_overflow_mode: 'throw' };
}

const tooLong = (rows: number, bytes: number, bytesMax: number): SqlRefusal =>
  new SqlRefusal(
    'TOO_MANY_ROWS_OR_BYTES',
    `The answer has ${rows} rows and about ${bytes} bytes, more than ${bytesMax}: add a LIMIT, ask for fewer columns, or in a format that is written row by row`,
  );

interface Weight {
  readonly rows: number;
  readonly bytes: number;
  readonly widestRowBytes: number;
}

async function weigh(store: Store, { statement, settings, signal }: SqlQuestion): Promise<Weight> {
  const result = await store.read(
    `SELECT count(), sum(byteSize(*)), max(byteSize(*)) FROM (${statement.sql}\n)`,
    {
      format: 'TabSeparated',
      signal,
      // Only a limit of the engine's own may stop this count, and then with an error.
      settings: { ...settings, result_overflow_mode: 'throw' },
    },
  );
  const text = Buffer.from(result.bytes).toString('utf8');
  const [, rows, bytes, widest] = /^(\d+)\t(\d+)\t(\d+)\n$/.exec(text) ?? [];
  if (rows === undefined) throw new Error(`The weight of an answer is not three numbers: ${text}`);
  return { rows: Number(rows), bytes: Number(bytes), widestRowBytes: Number(widest) };
}

/** Also where one block of rows is written as more bytes than any limit of the engine sees. */
function bounded(answer: AnswerStream, bytesMax: number): AnswerStream {
  return { ...answer, chunks: upTo(bytesMax, answer.chunks) };
}

async function* upTo(
  bytesMax: number,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) {
      throw new SqlRefusal(
        'TOO_MANY_ROWS_OR_BYTES',
        `The answer has more than ${bytesMax} bytes: add a LIMIT or ask for fewer columns`,
      );
    }
    yield chunk;
  }
}

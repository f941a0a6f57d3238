import { type AnswerStream, wholeAnswer } from '../../ports/answer-stream.ts';
import type { SqlEngine, SqlStatement } from '../../ports/sql-engine.ts';
import type { ReadResult } from '../../ports/store.ts';
import { stringLiteral } from '../clickhouse/sql-text.ts';
import type { Engine, EngineCall, EngineOptions } from './engine.ts';
import { openEngine } from './open-engine.ts';

/**
 * ClickHouse in this process for statements that come from elsewhere.
 *
 * @throws MillraceError `data_folder_in_use` when another process has the folder open.
 */
export async function openChdbSqlEngine(options: EngineOptions): Promise<SqlEngine> {
  const engine = await openEngine(options);
  return {
    run: (statement) => run(engine, statement),
    close: () => engine.close(),
  };
}

function run(engine: Engine, statement: SqlStatement): AnswerStream {
  const { sql, rows, params, ...others } = statement;
  const call = { ...others, ...(params ? { textParams: params } : {}) };
  if (rows !== undefined) return wholeAnswer(insert(engine, sql, rows, call));
  if (selection.test(sql) && !clauses.test(sql)) return engine.stream(sql, call);
  return wholeAnswer(
    call.readOnly || question.test(sql) ? engine.read(sql, call) : engine.write(sql, call),
  );
}

const selection = /^[\s(]*(WITH|SELECT)\b/i;
/** With one of these in it, be it in a string, what can stand behind a statement is for the engine to say. */
const clauses = /\b(INTO|FORMAT|SETTINGS)\b|;/i;
const question = /^[\s(]*(WITH|SELECT|SHOW|DESC|DESCRIBE|EXISTS|EXPLAIN|KILL)\b/i;

/** What a client puts behind an insert: `FORMAT` and the format of the rows. */
const formatClause = /\bFORMAT\s+(\w+)\s*;?\s*$/i;
const input = /\binput\s*\(\s*('(?:[^'\\]|\\.)*')\s*\)/i;
const settingsClause = /\bSETTINGS\b(?:.(?!\bSETTINGS\b))*$/is;

/**
 * The engine in this process takes no rows beside a statement: it is told to
 * read them from a file instead.
 */
function insert(
  engine: Engine,
  sql: string,
  rows: Uint8Array,
  call: EngineCall,
): Promise<ReadResult> {
  const [clause = '', format = 'TabSeparated'] = formatClause.exec(sql) ?? [];
  const head = sql.slice(0, sql.length - clause.length);
  return engine.withFile(rows, (path) => {
    const file = stringLiteral(path);
    if (input.test(head)) {
      const from = (_: string, structure: string): string =>
        `file(${file}, '${format}', ${structure})`;
      return engine.write(head.replace(input, from), call);
    }
    const [settings = ''] = settingsClause.exec(head) ?? [];
    const into = head.slice(0, head.length - settings.length);
    return engine.write(`${into} FROM INFILE ${file} ${settings} FORMAT ${format}`, call);
  });
}

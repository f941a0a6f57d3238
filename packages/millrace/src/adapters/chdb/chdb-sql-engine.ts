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

function run(engine: Engine, statement: SqlStatement): Promise<ReadResult> {
  const { sql, rows, params, ...others } = statement;
  const call = { ...others, ...(params ? { textParams: params } : {}) };
  if (rows !== undefined) return insert(engine, sql, rows, call);
  return call.readOnly || question.test(sql) ? engine.read(sql, call) : engine.write(sql, call);
}

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

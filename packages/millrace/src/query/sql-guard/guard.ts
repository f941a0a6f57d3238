import { type Store, StoreError } from '../../ports/store.ts';
import { type Catalog, readOtherStatement, withheldReason } from './other-statements.ts';
import { type ParameterTexts, parameterSettings } from './parameters.ts';
import { withoutReaderNames } from './reader-names.ts';
import { type EngineErrorName, placeAt, SqlRefusal } from './refusal.ts';
import { commonTableNames, type SettingClause, splitStatement } from './statement.ts';
import { parseSyntaxTree, type SyntaxNode, SyntaxTreeError } from './syntax-tree.ts';
import { checkCalls, checkShape, countPlainApplies } from './token-rules.ts';
import { isKeyword, isMark, type Token, tokenize } from './tokens.ts';
import { checkTree } from './tree-rules.ts';

export interface SqlGuardOptions {
  readonly store: Store;
  /** The tables and views that readers may read: names of letters, digits and `_`. */
  readonly tables: readonly string[];
  /** Those of the pipeline that this reader may not read: their refusal says so. */
  readonly withheld?: readonly string[];
  /** The name of the store's own database. */
  readonly database: string;
  /** Other names by which readers may call it, e.g. `default`. */
  readonly databaseAliases: readonly string[];
  /**
   * Questions that are read in place of tables of the engine, by
   * `database.table`, for whoever may read these tables. They are judged with
   * the statement that names them.
   */
  readonly standIns?: (tables: readonly string[]) => Promise<{ readonly [table: string]: string }>;
}

/** A statement that may run as it is. */
export interface GuardedStatement {
  readonly sql: string;
  /** A SELECT; else an EXPLAIN, DESCRIBE, … whose answer is short. */
  readonly isQuestion: boolean;
  /** From a FORMAT clause. */
  readonly format: string | null;
  /** From a SETTINGS clause; which of them are allowed is the caller's to say. */
  readonly askedSettings: readonly SettingClause[];
  /** What it must run with: values of placeholders, and the grammar it was judged by. */
  readonly engineSettings: EngineSettings;
}

interface EngineSettings {
  readonly [setting: string]: string | number;
}

export interface SqlGuard {
  /**
   * Lets a statement through if it reads nothing but the tables of the options
   * and calls nothing but functions of the allow-list.
   *
   * @throws SqlRefusal for any other, StoreError for one the engine cannot parse.
   */
  check(source: string, parameters?: ParameterTexts): Promise<GuardedStatement>;
}

/** Accepted statements that are remembered, and the longest of them (characters). */
const CACHE_ENTRIES_MAX = 256;
const CACHED_LENGTH_MAX = 16_384;

/**
 * As a subquery a statement can have no clause that the tree does not show:
 * behind `EXPLAIN AST SELECT 1 FORMAT CSV INTO OUTFILE 'x'` the engine would
 * write the tree itself to the file.
 */
const explainPrefix = 'EXPLAIN AST SELECT * FROM (';
const explainSuffix = '\n)';

/**
 * An embedded engine takes `x FROM t` for `SELECT x FROM t`. Then a statement that
 * only begins like a question would make `EXPLAIN AST` itself the question:
 * `SELECT EXPLAIN AS AST FROM t`, run instead of parsed.
 */
const grammar = { implicit_select: 0 } as const;

/**
 * Decides by the engine's own parse of a statement (`EXPLAIN AST`) whether it
 * may be read, so that guard and engine cannot disagree on what it says. What
 * that tree does not show is taken out of the text before, or refused there.
 */
export function createSqlGuard(options: SqlGuardOptions): SqlGuard {
  const names: Omit<Catalog, 'standIns'> = {
    tables: new Set(options.tables),
    withheld: new Set(options.withheld ?? []),
    databases: new Set([options.database, ...options.databaseAliases]),
    databaseAliases: new Set(options.databaseAliases),
  };
  const accepted = new Map<string, GuardedStatement>();
  let made: Promise<Catalog> | undefined;
  /** What stands in is asked for once it is needed, and again if that failed. */
  const catalogFor = async (source: string): Promise<Catalog> => {
    if (!/system/.test(source)) return { ...names, standIns: new Map() };
    made ??= standInsOf(options).then(
      (standIns) => ({ ...names, standIns }),
      (error: unknown) => {
        made = undefined;
        throw error;
      },
    );
    return made;
  };

  return {
    async check(source, parameters = {}) {
      const key = JSON.stringify([source, parameters]);
      const known = accepted.get(key);
      if (known !== undefined) return known;
      const catalog = await catalogFor(source);
      const statement = await checkStatement(source, parameters, catalog, options.store);
      if (key.length <= CACHED_LENGTH_MAX) {
        if (accepted.size >= CACHE_ENTRIES_MAX) {
          for (const oldest of accepted.keys()) {
            accepted.delete(oldest);
            break;
          }
        }
        accepted.set(key, statement);
      }
      return statement;
    },
  };
}

async function standInsOf({
  standIns,
  tables,
}: SqlGuardOptions): Promise<ReadonlyMap<string, string>> {
  return new Map(Object.entries((await standIns?.(tables)) ?? {}));
}

async function checkStatement(
  given: string,
  texts: ParameterTexts,
  catalog: Catalog,
  store: Store,
): Promise<GuardedStatement> {
  const source = withoutReaderNames(tokenize(given), catalog);
  const { sql, tokens } = tokenize(source);
  const { tokens: body, end, format, settings: askedSettings } = splitStatement(tokens);
  if (body.length === 0) throw new SqlRefusal('SYNTAX_ERROR', 'Empty query');
  const engineSettings = { ...parameterSettings(body, source, texts), ...grammar };
  const accept = (text: string, question = false): GuardedStatement => ({
    sql: text,
    isQuestion: question,
    format,
    askedSettings,
    engineSettings,
  });
  const checkFrom = async (from: number): Promise<string> => {
    const start = body[from]?.start ?? end;
    // Spaces keep places in the engine's messages as they are in the statement.
    const question = ' '.repeat(start) + sql.slice(start, end);
    await checkQuestion(question, body.slice(from), source, engineSettings, catalog, store);
    return sql.slice(start, end);
  };

  if (isQuestion(body)) {
    await checkFrom(0);
    return accept(sql.slice(0, end), true);
  }
  const other = readOtherStatement(body, catalog);
  if (other?.kind === 'rewritten') return accept(other.sql);
  if (other?.kind === 'about-question' && isQuestion(body.slice(other.from))) {
    return accept(`${other.prefix} ${await checkFrom(other.from)}`);
  }
  throw new SqlRefusal(
    'READONLY',
    'Only SELECT, SHOW TABLES, and DESCRIBE, EXISTS and EXPLAIN of what may be read are allowed',
    placeAt(source, body[0]?.start ?? 0),
  );
}

function isQuestion(tokens: readonly Token[]): boolean {
  const first = tokens.find((token) => !isMark(token, '('));
  return ['SELECT', 'WITH', 'FROM'].some((keyword) => isKeyword(first, keyword));
}

async function checkQuestion(
  question: string,
  tokens: readonly Token[],
  source: string,
  settings: EngineSettings,
  catalog: Catalog,
  store: Store,
): Promise<void> {
  const refuse = (error: EngineErrorName, reason: string, name?: string): never => {
    const token = tokens.find((each) => each.text === name);
    throw new SqlRefusal(error, reason, token ? placeAt(source, token.start) : null);
  };
  checkShape(tokens, source);
  const common = commonTableNames(tokens);
  const tree = await explain(question, settings, store);
  const { tables, inAliases, applies } = checkTree(tree, refuse);
  checkCalls(tokens, source, common);
  if (applies !== countPlainApplies(tokens)) {
    refuse('ACCESS_DENIED', 'APPLY takes the name of an allowed function, not a lambda');
  }

  const ownNames = new Set(inAliases);
  for (const name of tables) {
    if (common.has(name)) ownNames.add(name);
    else checkTable(name, catalog, refuse);
  }
  const shadowing = [...ownNames].filter((name) => !catalog.tables.has(name));
  const odd = shadowing.find((name) => !/^[^'\\.]{1,128}$/.test(name));
  if (odd !== undefined) refuse('ACCESS_DENIED', `The name ${odd} is not allowed`, odd);
  // Where the statement's own name does not reach, the engine would look for a table of that name.
  if (shadowing.length > 0 && (await anyExists(shadowing, store))) {
    refuse('ACCESS_DENIED', 'A name of the statement is the name of a table that may not be read');
  }
}

/** What the engine can do, which tools look up: nothing in them is of this store. */
const engineTables: ReadonlySet<string> = new Set([
  'system.functions',
  'system.table_functions',
  'system.data_type_families',
]);

function checkTable(
  name: string,
  catalog: Catalog,
  refuse: (error: EngineErrorName, reason: string, name?: string) => never,
): void {
  if (catalog.tables.has(name) || engineTables.has(name)) return;
  const dot = name.indexOf('.');
  if (catalog.withheld.has(name)) refuse('ACCESS_DENIED', withheldReason(name, catalog), name);
  if (dot === -1) refuse('UNKNOWN_TABLE', `Unknown table ${name}`, name);
  const database = name.slice(0, dot);
  if (!catalog.databases.has(database)) {
    refuse('ACCESS_DENIED', `The table ${name} may not be read`, database);
  }
  const table = name.slice(dot + 1);
  if (catalog.withheld.has(table)) {
    refuse('ACCESS_DENIED', withheldReason(table, catalog), database);
  }
  if (!catalog.tables.has(table)) {
    refuse('UNKNOWN_TABLE', `Unknown table ${name}`, database);
  }
}

async function explain(
  question: string,
  settings: EngineSettings,
  store: Store,
): Promise<SyntaxNode> {
  try {
    const result = await store.read(explainPrefix + question + explainSuffix, {
      format: 'TabSeparatedRaw',
      settings,
    });
    return subqueryOf(parseSyntaxTree(Buffer.from(result.bytes).toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxTreeError) {
      throw new SqlRefusal('ACCESS_DENIED', 'The statement cannot be judged', null, {
        cause: error,
      });
    }
    if (!(error instanceof StoreError)) throw error;
    const message = error.message.replace(
      /failed at position (\d+)/,
      (_, position: string) => `failed at position ${Number(position) - explainPrefix.length}`,
    );
    throw new StoreError(error.code, message, error.retry, { cause: error });
  }
}

/** The statement's own tree out of that of `SELECT * FROM (statement)`. */
function subqueryOf(root: SyntaxNode): SyntaxNode {
  let node = root;
  for (const [kind, children, next] of [
    ['SelectWithUnionQuery', 1, 0],
    ['ExpressionList', 1, 0],
    ['SelectQuery', 2, 1],
    ['TablesInSelectQuery', 1, 0],
    ['TablesInSelectQueryElement', 1, 0],
    ['TableExpression', 1, 0],
    ['Subquery', 1, 0],
  ] as const) {
    const child = node.children[next];
    if (node.kind !== kind || node.children.length !== children || child === undefined) {
      throw new SyntaxTreeError('The statement is not one subquery');
    }
    node = child;
  }
  return node;
}

/** Names must be free of quotes and backslashes. */
async function anyExists(names: readonly string[], store: Store): Promise<boolean> {
  const list = names.map((name) => `'${name}'`).join(', ');
  const result = await store.read(
    `SELECT count() FROM system.tables WHERE database = currentDatabase() AND name IN (${list})`,
    { format: 'TabSeparatedRaw', settings: grammar },
  );
  return Buffer.from(result.bytes).toString('utf8').trim() !== '0';
}

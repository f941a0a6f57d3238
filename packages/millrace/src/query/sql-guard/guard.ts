import type { ReadOptions, Store } from '../../ports/store.ts';
import { StoreError } from '../../ports/store.ts';
import { allowedTableFunctions, isAllowedFunction, membershipFunctions } from './functions.ts';
import { type EngineErrorName, placeAt, SqlRefusal } from './refusal.ts';
import { commonTableNames, type SettingClause, splitStatement } from './statement.ts';
import { parseSyntaxTree, type SyntaxNode } from './syntax-tree.ts';
import { isKeyword, isMark, type Token, tokenize } from './tokens.ts';

export interface SqlGuardOptions {
  readonly store: Store;
  /** The tables and views that readers may read. */
  readonly tables: readonly string[];
  /** The names under which the store's own database may be written, e.g. `default`. */
  readonly databases: readonly string[];
}

/** A statement that may run as it is. */
export interface GuardedStatement {
  readonly sql: string;
  /** From a FORMAT clause. */
  readonly format: string | null;
  /** From a SETTINGS clause; which settings are allowed is the caller's to say. */
  readonly settings: readonly SettingClause[];
}

export interface SqlGuard {
  /**
   * @throws SqlRefusal for a statement outside the allow-list, StoreError for
   *   one that the engine cannot parse.
   */
  check(source: string, params?: ReadOptions['params']): Promise<GuardedStatement>;
}

/** Every kind of node a question may consist of. */
const allowedKinds = new Set([
  'SelectWithUnionQuery',
  'SelectIntersectExceptQuery',
  'SelectQuery',
  'ExpressionList',
  'WithElement',
  'Subquery',
  'Literal',
  'Identifier',
  'Function',
  'TablesInSelectQuery',
  'TablesInSelectQueryElement',
  'TableExpression',
  'TableIdentifier',
  'TableJoin',
  'ArrayJoin',
  'SampleRatio',
  'OrderByElement',
  'InterpolateElement',
  'WindowDefinition',
  'WindowListElement',
  'Asterisk',
  'QualifiedAsterisk',
  'ColumnsRegexpMatcher',
  'QualifiedColumnsRegexpMatcher',
  'ColumnsListMatcher',
  'QualifiedColumnsListMatcher',
  'ColumnsTransformerList',
  'ColumnsExceptTransformer',
  'ColumnsReplaceTransformer',
  'ColumnsReplaceTransformer::Replacement',
]);

/** Decides by the engine's own parse of a statement whether it may be read. */
export function createSqlGuard(options: SqlGuardOptions): SqlGuard {
  const { store } = options;
  const readable = new Set(options.tables);
  const databases = new Set(options.databases);

  const explain = async (sql: string, params: ReadOptions['params']): Promise<SyntaxNode> => {
    const prefix = 'EXPLAIN AST ';
    try {
      const result = await store.read(prefix + sql, {
        format: 'TabSeparatedRaw',
        ...(params === undefined ? {} : { params }),
      });
      return parseSyntaxTree(Buffer.from(result.bytes).toString('utf8'));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const message = error.message.replace(
        /failed at position (\d+)/,
        (_, position: string) => `failed at position ${Number(position) - prefix.length}`,
      );
      throw new StoreError(error.code, message, error.retry, { cause: error });
    }
  };

  /** Those of the names that are tables of the store, readable or not. */
  const existing = async (names: readonly string[]): Promise<string[]> => {
    const result = await store.read(
      'SELECT name FROM system.tables WHERE database = currentDatabase() AND has({names:Array(String)}, name)',
      { format: 'JSONEachRow', params: { names } },
    );
    return Buffer.from(result.bytes)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
  };

  return {
    async check(source, params) {
      const { sql, tokens } = tokenize(source);
      const parts = splitStatement(tokens);
      const first = parts.tokens.find((token) => !isMark(token, '('));
      if (first === undefined) throw new SqlRefusal('SYNTAX_ERROR', 'The statement is empty');
      const refuse = (error: EngineErrorName, reason: string, name?: string): never => {
        const token = parts.tokens.find((each) => each.text === name);
        throw new SqlRefusal(
          error,
          reason,
          token === undefined ? null : placeAt(source, token.start),
        );
      };
      if (!['SELECT', 'WITH', 'FROM'].some((keyword) => isKeyword(first, keyword))) {
        refuse('READONLY', `${first.text} is not allowed: only SELECT is`, first.text);
      }
      refuseIdentifierParameters(parts.tokens, source);

      const question = sql.slice(0, parts.end);
      const common = commonTableNames(parts.tokens);
      const hidden = [...common].filter((name) => !readable.has(name));
      if (hidden.length > 0 && (await existing(hidden)).length > 0) {
        refuse('ACCESS_DENIED', 'A name in WITH is the name of a table that may not be read');
      }
      const tree = await explain(question, params);

      const checkTable = (name: string): void => {
        if (common.has(name) || readable.has(name)) return;
        const dot = name.indexOf('.');
        if (dot !== -1) {
          if (databases.has(name.slice(0, dot)) && readable.has(name.slice(dot + 1))) return;
          refuse('ACCESS_DENIED', `The table ${name} may not be read`, name.slice(0, dot));
        }
        refuse('UNKNOWN_TABLE', `Unknown table ${name}`, name);
      };
      const visit = (node: SyntaxNode, parent: SyntaxNode | null): void => {
        if (!allowedKinds.has(node.kind)) {
          refuse('ACCESS_DENIED', `${node.kind} is not allowed`);
        }
        if (node.kind === 'SelectWithUnionQuery' && node.children.length !== 1) {
          refuse('ACCESS_DENIED', 'INTO OUTFILE and inner FORMAT and SETTINGS are not allowed');
        }
        if (
          node.alias !== null &&
          node.kind === 'Identifier' &&
          parts.tokens.some(() => common.has(node.alias ?? ''))
        ) {
          refuse('ACCESS_DENIED', `The name ${node.alias} is given twice`, node.alias);
        }
        if (node.kind === 'TableIdentifier') checkTable(node.text);
        if (node.kind === 'Function') {
          if (parent?.kind === 'TableExpression') {
            if (!allowedTableFunctions.has(node.text)) {
              refuse('ACCESS_DENIED', `The table function ${node.text} is not allowed`, node.text);
            }
          } else if (!isAllowedFunction(node.text)) {
            refuse('ACCESS_DENIED', `The function ${node.text} is not allowed`, node.text);
          }
          if (membershipFunctions.has(node.text)) {
            const right = node.children[0]?.children[1];
            if (right?.kind === 'Identifier') checkTable(right.text);
          }
        }
        for (const child of node.children) visit(child, node);
      };
      visit(tree, null);
      return { sql: question, format: parts.format, settings: parts.settings };
    },
  };
}

/** `{name:Identifier}` would put a name into the statement after it was checked. */
function refuseIdentifierParameters(tokens: readonly Token[], source: string): void {
  tokens.forEach((token, at) => {
    if (
      isMark(token, '{') &&
      isMark(tokens[at + 2], ':') &&
      isKeyword(tokens[at + 3], 'IDENTIFIER')
    ) {
      throw new SqlRefusal(
        'ACCESS_DENIED',
        'Identifier parameters are not allowed',
        placeAt(source, token.start),
      );
    }
  });
}

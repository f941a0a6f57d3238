import { SqlRefusal } from './refusal.ts';
import { isKeyword, isMark, type Token } from './tokens.ts';

/** What to make of a statement that is not a question. */
export type OtherStatement =
  /** The whole answer, from names that were checked. */
  | { readonly kind: 'rewritten'; readonly sql: string }
  /** `prefix`, then a question that begins at `tokens[from]` and has to be checked. */
  | { readonly kind: 'about-question'; readonly prefix: string; readonly from: number };

export interface Catalog {
  readonly tables: ReadonlySet<string>;
  /** Those that there are, but not for this reader. */
  readonly withheld: ReadonlySet<string>;
  /** Every name of the one database. */
  readonly databases: ReadonlySet<string>;
  /** Those of them that the engine does not know. */
  readonly databaseAliases: ReadonlySet<string>;
  /** Questions in place of tables of the engine, by `database.table`. */
  readonly standIns: ReadonlyMap<string, string>;
}

export const withheldReason = (table: string, { tables }: Catalog): string =>
  `This read key may ask ${[...tables].join(', ')} alone, not ${table}: use one that may`;

const explainKinds: readonly string[] = ['AST', 'SYNTAX', 'PLAN', 'PIPELINE', 'ESTIMATE'];

/** SHOW TABLES, SHOW DATABASES, DESCRIBE, EXISTS and EXPLAIN; null for anything else. */
export function readOtherStatement(
  tokens: readonly Token[],
  catalog: Catalog,
): OtherStatement | null {
  const [first, second] = tokens;
  if (isKeyword(first, 'SHOW')) return show(tokens, catalog);
  if (isKeyword(first, 'DESCRIBE') || isKeyword(first, 'DESC')) {
    const from = isKeyword(second, 'TABLE') ? 2 : 1;
    if (isMark(tokens[from], '(')) return { kind: 'about-question', prefix: 'DESCRIBE', from };
    const name = tableName(tokens.slice(from), catalog);
    if (name !== null && catalog.withheld.has(name)) {
      throw new SqlRefusal('ACCESS_DENIED', withheldReason(name, catalog));
    }
    return name !== null && catalog.tables.has(name)
      ? { kind: 'rewritten', sql: `DESCRIBE TABLE ${quoteName(name)}` }
      : null;
  }
  if (isKeyword(first, 'EXISTS')) {
    const from = isKeyword(second, 'TABLE') || isKeyword(second, 'VIEW') ? 2 : 1;
    const name = tableName(tokens.slice(from), catalog);
    if (name === null) return null;
    return { kind: 'rewritten', sql: `SELECT ${catalog.tables.has(name) ? 1 : 0} AS result` };
  }
  if (isKeyword(first, 'EXPLAIN')) {
    const kind = explainKinds.find((each) => isKeyword(second, each));
    const from = kind === undefined ? 1 : 2;
    return { kind: 'about-question', prefix: `EXPLAIN ${kind ?? 'PLAN'}`, from };
  }
  return null;
}

function show(tokens: readonly Token[], catalog: Catalog): OtherStatement | null {
  if (isKeyword(tokens[1], 'DATABASES') && tokens.length === 2) {
    return { kind: 'rewritten', sql: 'SELECT currentDatabase() AS name' };
  }
  if (!isKeyword(tokens[1], 'TABLES')) return null;
  let at = 2;
  if (isKeyword(tokens[at], 'FROM') || isKeyword(tokens[at], 'IN')) {
    if (!catalog.databases.has(tokens[at + 1]?.text ?? '')) return null;
    at += 2;
  }
  const like = isKeyword(tokens[at], 'LIKE') && tokens[at + 1]?.kind === 'string';
  const pattern = like ? ` AND name LIKE ${tokens[at + 1]?.text}` : '';
  if (tokens.length !== at + (like ? 2 : 0)) return null;
  const names = [...catalog.tables].map((name) => `'${name}'`).join(', ');
  return {
    kind: 'rewritten',
    sql: `SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN (${names})${pattern} ORDER BY name`,
  };
}

/** The name in `name` or `database.name`, if the tokens are nothing else. */
function tableName(tokens: readonly Token[], catalog: Catalog): string | null {
  const [first, dot, second] = tokens;
  const isName = (token: Token | undefined): token is Token =>
    token?.kind === 'word' || token?.kind === 'quoted';
  if (!isName(first)) return null;
  if (tokens.length === 1) return first.text;
  if (tokens.length !== 3 || !isMark(dot, '.') || !isName(second)) return null;
  return catalog.databases.has(first.text) ? second.text : null;
}

const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

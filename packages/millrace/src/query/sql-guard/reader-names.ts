import type { Catalog } from './other-statements.ts';
import { isKeyword, isMark, SQL_LENGTH_MAX, type Token, type TokenizedSql } from './tokens.ts';

/**
 * The statement with the names that only readers know taken out of it: an alias
 * of the database before a table, and a table of the engine that a question of
 * ours stands in for. It happens before the statement is judged, so that what
 * is judged is what runs.
 */
export function withoutReaderNames({ sql, tokens }: TokenizedSql, catalog: Catalog): string {
  const aliases = standInAliases({ sql, tokens }, catalog);
  let text = '';
  let copied = 0;
  tokens.forEach((token, at) => {
    const [before, dot, table] = [tokens[at - 1], tokens[at + 1], tokens[at + 2]];
    if (!isName(token) || isMark(before, '.') || !isMark(dot, '.') || !isName(table)) return;
    // Past this the whole is refused for its length.
    if (text.length > SQL_LENGTH_MAX) return;
    const name = `${token.text}.${table.text}`;
    const standIn = catalog.standIns.get(name);
    const alias = aliases.get(name);
    if (standIn !== undefined && isSource(before)) {
      const own = aliasOf(tokens, at + 3) === undefined ? ` AS ${table.text}` : '';
      text += `${sql.slice(copied, token.start)}(${standIn})${own}`;
      copied = table.end;
    } else if (alias !== undefined && isMark(tokens[at + 3], '.')) {
      // A column by the whole name of its table, which only a table of the engine has.
      text += sql.slice(copied, token.start) + alias;
      copied = table.end;
    } else if (catalog.databaseAliases.has(token.text) && catalog.tables.has(table.text)) {
      // Spaces keep places in the engine's messages as they are in the statement.
      text += sql.slice(copied, token.start) + blank(sql.slice(token.start, table.start));
      copied = table.start;
    }
  });
  return text + sql.slice(copied);
}

/** By what each table that is stood in for is called in the statement; none where it is called differently. */
function standInAliases(
  { sql, tokens }: TokenizedSql,
  { standIns }: Catalog,
): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  const ambiguous = new Set<string>();
  tokens.forEach((token, at) => {
    const table = tokens[at + 2];
    if (!isSource(tokens[at - 1]) || !isMark(tokens[at + 1], '.') || table === undefined) return;
    const name = `${token.text}.${table.text}`;
    if (!standIns.has(name)) return;
    const given = aliasOf(tokens, at + 3);
    const alias = given === undefined ? table.text : sql.slice(given.start, given.end);
    if ((aliases.get(name) ?? alias) !== alias) ambiguous.add(name);
    aliases.set(name, alias);
  });
  for (const name of ambiguous) aliases.delete(name);
  return aliases;
}

/** What may follow a table that has no alias. */
const clauses: readonly string[] =
  `ALL ANTI ANY ARRAY ASOF CROSS EXCEPT FINAL FORMAT FULL GLOBAL GROUP HAVING INNER INTERSECT JOIN
   LEFT LIMIT OFFSET ON ORDER PASTE PREWHERE QUALIFY RIGHT SAMPLE SEMI SETTINGS UNION USING WHERE
   WINDOW`.split(/\s+/);

/** The alias that a table in FROM is given, if the next token is one. */
function aliasOf(tokens: readonly Token[], at: number): Token | undefined {
  const next = tokens[at];
  if (isKeyword(next, 'AS')) return tokens[at + 1];
  if (!isName(next) || clauses.some((clause) => isKeyword(next, clause))) return undefined;
  return next;
}

const isSource = (before: Token | undefined): boolean =>
  isKeyword(before, 'FROM') || isKeyword(before, 'JOIN');

const isName = (token: Token | undefined): token is Token =>
  token?.kind === 'word' || token?.kind === 'quoted';

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

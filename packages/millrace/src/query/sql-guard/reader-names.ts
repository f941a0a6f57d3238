import type { Catalog } from './other-statements.ts';
import { isKeyword, isMark, SQL_LENGTH_MAX, type Token, type TokenizedSql } from './tokens.ts';

/**
 * The statement with the names that only readers know taken out of it: an alias
 * of the database before a table, and a table of the engine that a question of
 * ours stands in for. It happens before the statement is judged, so that what
 * is judged is what runs.
 */
export function withoutReaderNames({ sql, tokens }: TokenizedSql, catalog: Catalog): string {
  let text = '';
  let copied = 0;
  tokens.forEach((token, at) => {
    const [before, dot, table] = [tokens[at - 1], tokens[at + 1], tokens[at + 2]];
    if (!isName(token) || isMark(before, '.') || !isMark(dot, '.') || !isName(table)) return;
    // Past this the whole is refused for its length.
    if (text.length > SQL_LENGTH_MAX) return;
    const standIn = catalog.standIns.get(`${token.text}.${table.text}`);
    if (standIn !== undefined && (isKeyword(before, 'FROM') || isKeyword(before, 'JOIN'))) {
      text += `${sql.slice(copied, token.start)}(${standIn})`;
      copied = table.end;
    } else if (catalog.databaseAliases.has(token.text) && catalog.tables.has(table.text)) {
      // Spaces keep places in the engine's messages as they are in the statement.
      text += sql.slice(copied, token.start) + blank(sql.slice(token.start, table.start));
      copied = table.start;
    }
  });
  return text + sql.slice(copied);
}

const isName = (token: Token | undefined): token is Token =>
  token?.kind === 'word' || token?.kind === 'quoted';

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

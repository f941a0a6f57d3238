import { placeAt, SqlRefusal } from './refusal.ts';

/**
 * One token of a statement. `word` is a bare name, keyword or number; `quoted`
 * is a name in backticks or double quotes; `mark` is one character of punctuation.
 */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'mark';
  /** The name itself for `word` and `quoted`, the source text otherwise. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface TokenizedSql {
  /** The statement with every comment blanked out, so that offsets stay as they were. */
  readonly sql: string;
  readonly tokens: readonly Token[];
}

/** As the `max_query_size` of ClickHouse, but in UTF-16 code units. */
export const SQL_LENGTH_MAX = 262_144;

/** How `EXPLAIN AST` prints what follows a name; a name with it inside would be read wrongly. */
const treeNotation = /\((alias|children|column) /;

const wordStart = /[A-Za-z0-9_]/;
const words = /[A-Za-z0-9_]*/y;
const marks = '()[]{},.:+-*/%=<>!|?^';

/**
 * Splits a statement into tokens, or refuses it. It understands less than the
 * engine on purpose: whatever the two could read differently (heredocs, odd
 * spaces and quotes, hexadecimal strings, several statements) is refused, and
 * comments are taken out of what the engine will see.
 *
 * @throws SqlRefusal
 */
export function tokenize(source: string): TokenizedSql {
  if (source.length > SQL_LENGTH_MAX) {
    throw new SqlRefusal(
      'QUERY_IS_TOO_LARGE',
      `The statement has ${source.length} characters, more than ${SQL_LENGTH_MAX}`,
    );
  }
  const tokens: Token[] = [];
  /** After a semicolon, where the engine would look for a second statement. */
  let ended = false;
  let sql = '';
  let copied = 0;
  const refuse = (reason: string, offset: number): never => {
    throw new SqlRefusal('SYNTAX_ERROR', reason, placeAt(source, offset));
  };
  const push = (token: Token): void => {
    if (ended) refuse('Only one statement is allowed', token.start);
    tokens.push(token);
  };
  const blank = (start: number, end: number): void => {
    sql += source.slice(copied, start) + source.slice(start, end).replace(/[^\n]/g, ' ');
    copied = end;
  };

  let at = 0;
  while (at < source.length) {
    const character = source.charAt(at);
    const pair = source.slice(at, at + 2);
    if (/[ \t\r\n]/.test(character)) {
      at += 1;
    } else if (pair === '--') {
      const newline = source.indexOf('\n', at);
      const end = newline === -1 ? source.length : newline;
      blank(at, end);
      at = end;
    } else if (pair === '/*') {
      const end = endOfComment(source, at);
      if (end === -1) refuse('A comment is not closed', at);
      blank(at, end);
      at = end;
    } else if (character === "'") {
      const end = endOfString(source, at);
      if (end === -1) refuse('A string is not closed', at);
      // x'…' and b'…' escape differently; any word touching a quote is refused with them.
      const before = tokens.at(-1);
      if (before !== undefined && before.end === at && before.kind !== 'mark') {
        refuse('A string needs a space before it', at);
      }
      const text = source.slice(at, end);
      if (text.includes('\0')) refuse('A string contains a NUL character', at);
      push({ kind: 'string', text, start: at, end });
      at = end;
    } else if (character === '`' || character === '"') {
      const end = endOfQuotedName(source, at, character);
      if (end === -1)
        refuse('A quoted name is not closed, or has a backslash or control character', at);
      const name = source.slice(at + 1, end - 1).replaceAll(character + character, character);
      if (name === '') refuse('A quoted name is empty', at);
      if (treeNotation.test(name)) refuse('A quoted name looks like a syntax tree', at);
      push({ kind: 'quoted', text: name, start: at, end });
      at = end;
    } else if (wordStart.test(character)) {
      words.lastIndex = at;
      words.test(source);
      const end = words.lastIndex;
      push({ kind: 'word', text: source.slice(at, end), start: at, end });
      at = end;
    } else if (marks.includes(character)) {
      push({ kind: 'mark', text: character, start: at, end: at + 1 });
      at += 1;
    } else if (character === ';') {
      ended = true;
      blank(at, at + 1);
      at += 1;
    } else {
      refuse(`The character ${JSON.stringify(character)} is not allowed outside of quotes`, at);
    }
  }
  return { sql: sql + source.slice(copied), tokens };
}

/** Block comments nest in ClickHouse. */
function endOfComment(source: string, start: number): number {
  let depth = 0;
  for (let at = start; at < source.length; at += 1) {
    const pair = source.slice(at, at + 2);
    if (pair === '/*') {
      depth += 1;
      at += 1;
    } else if (pair === '*/') {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

function endOfString(source: string, start: number): number {
  for (let at = start + 1; at < source.length; at += 1) {
    const character = source.charAt(at);
    if (character === '\\') at += 1;
    else if (character === "'") {
      if (source.charAt(at + 1) !== "'") return at + 1;
      at += 1;
    }
  }
  return -1;
}

function endOfQuotedName(source: string, start: number, quote: string): number {
  for (let at = start + 1; at < source.length; at += 1) {
    const character = source.charAt(at);
    // A name is printed as it is in the engine's tree: nothing in it may look like a new line.
    if (character === '\\' || character < ' ' || character === '\x7f') return -1;
    if (character === quote) {
      if (source.charAt(at + 1) !== quote) return at + 1;
      at += 1;
    }
  }
  return -1;
}

/** True for the bare (unquoted) keyword, whatever its case. */
export function isKeyword(token: Token | undefined, keyword: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === keyword;
}

export function isMark(token: Token | undefined, mark: string): boolean {
  return token?.kind === 'mark' && token.text === mark;
}

import { describe, expect, test } from 'vitest';
import { SqlRefusal } from './refusal.ts';
import { commonTableNames, splitStatement } from './statement.ts';
import { parseSyntaxTree, SyntaxTreeError } from './syntax-tree.ts';
import { checkShape } from './token-rules.ts';
import { SQL_LENGTH_MAX, tokenize } from './tokens.ts';

describe('tokenize', () => {
  test('blanks comments and a final semicolon, and keeps every place', () => {
    const source = "SELECT /* a /* b */ ' */ 1 -- c'\n, '--' ; -- end";
    const { sql, tokens } = tokenize(source);
    expect(sql).toHaveLength(source.length);
    expect(sql.replace(/\s+/g, ' ').trim()).toBe("SELECT 1 , '--'");
    expect(tokens.map(({ text }) => text)).toEqual(['SELECT', '1', ',', "'--'"]);
    for (const { kind, text, start, end } of tokens) {
      if (kind !== 'quoted') expect(source.slice(start, end)).toBe(text);
    }
  });

  test('reads the two ways to write a quote inside quotes', () => {
    const texts = tokenize("'it''s' 'it\\'s' `a``b` \"c\"\"d\"").tokens.map(({ text }) => text);
    expect(texts).toEqual(["'it''s'", "'it\\'s'", 'a`b', 'c"d']);
  });

  test.each([
    ['SELECT 1; SELECT 2', 'Only one statement is allowed (line 1, column 11)'],
    [`SELECT 1${';'.repeat(50_000)}2`, 'Only one statement is allowed'],
    ['SELECT $$x$$', 'The character "$" is not allowed outside of quotes'],
    ['SELECT\u00a01', 'is not allowed outside of quotes'],
    ['SELECT @@x', 'The character "@"'],
    ['SELECT 1 # x', 'The character "#"'],
    ['SELECT \\N', 'is not allowed outside of quotes'],
    ["SELECT x'41'", 'A string needs a space before it'],
    ["SELECT 'abc", 'A string is not closed'],
    ["SELECT 'a\0b'", 'A string contains a NUL character'],
    ['SELECT /* /* */', 'A comment is not closed'],
    ['SELECT `a', 'A quoted name is not closed'],
    ['SELECT `a\\`', 'has a backslash or control character'],
    ['SELECT `a\nb`', 'has a backslash or control character'],
    ['SELECT ``', 'A quoted name is empty'],
    ['SELECT `x (alias y)`', 'A quoted name looks like a syntax tree'],
    [' '.repeat(SQL_LENGTH_MAX + 1), 'more than 262144'],
  ])('refuses %j', (source, reason) => {
    expect(() => tokenize(source)).toThrow(SqlRefusal);
    expect(() => tokenize(source)).toThrow(reason);
  });
});

test('FORMAT and SETTINGS come off the end in either order', () => {
  for (const tail of ["FORMAT CSV SETTINGS a = 1, b = 'x'", "SETTINGS a = 1, b = 'x' FORMAT CSV"]) {
    const sql = `SELECT format FROM settings ${tail}`;
    const parts = splitStatement(tokenize(sql).tokens);
    expect(sql.slice(0, parts.end)).toBe('SELECT format FROM settings');
    expect(parts.format).toBe('CSV');
    expect(parts.settings).toEqual([
      { name: 'a', value: '1' },
      { name: 'b', value: 'x' },
    ]);
  }
});

test('no name of WITH is missed', () => {
  const { tokens } = tokenize(
    'WITH a AS (SELECT 1), b(x, y) AS (SELECT 1, 2), `c d` AS MATERIALIZED (SELECT 1) SELECT 1 AS e',
  );
  expect([...commonTableNames(tokens)]).toEqual(expect.arrayContaining(['a', 'b', 'c d']));
  expect(commonTableNames(tokens)).not.toContain('e');
});

test.each([
  ['SELECT 1)', 'There is nothing that this ) closes (line 1, column 9)'],
  ['SELECT (1]', 'There is nothing that this ] closes'],
  ['SELECT (1', 'Missing )'],
  ["SELECT 1 INTO OUTFILE 'x'", 'OUTFILE is not allowed'],
])('brackets must match, and no file is named: %s', (sql, reason) => {
  expect(() => checkShape(tokenize(sql).tokens, sql)).toThrow(reason);
});

describe('parseSyntaxTree', () => {
  test('reads kinds, names, aliases and children', () => {
    const tree = parseSyntaxTree(
      'Function plus (alias x) (children 2)\n Literal 1\n Identifier a.b\n',
    );
    expect(tree).toMatchObject({
      kind: 'Function',
      text: 'plus',
      alias: 'x',
      children: [
        { kind: 'Literal', text: '1', alias: null },
        { kind: 'Identifier', text: 'a.b' },
      ],
    });
  });

  test.each([
    'Function f (children 2)\n Literal 1',
    'Function f (children 1)\n Literal 1\n Literal 2',
    'Function f (children 1)\n  Literal 1',
    'Function f\nFunction g',
    '',
    '<Function>',
  ])('refuses what is not exactly a tree: %j', (text) => {
    expect(() => parseSyntaxTree(text)).toThrow(SyntaxTreeError);
  });
});

import { allowedTableFunctions, isAllowedFunction } from './functions.ts';
import { placeAt, SqlRefusal } from './refusal.ts';
import { isKeyword, isMark, type Token } from './tokens.ts';

/** Words that may stand before a parenthesis without being a function's name. */
const keywords: ReadonlySet<string> = new Set(
  `ALL AND ANY APPLY ARRAY AS ASOF BETWEEN BY CASE COLUMNS CUBE DISTINCT DIV ELSE EXCEPT EXISTS FILTER
   FIRST FROM GLOBAL HAVING ILIKE IN INTERPOLATE INTERSECT INTERVAL IS JOIN LIKE LIMIT MATERIALIZED
   MOD NOT OFFSET ON OR ORDER OVER PREWHERE QUALIFY RECURSIVE REGEXP REPLACE RETURNS ROLLUP ROW
   SELECT SETS SOME STEP STRICT THEN TO TOP UNION USING VALUES WHEN WHERE WITH XOR
   CAST DATE_ADD DATE_SUB DATEADD DATESUB EXTRACT TIMESTAMP_ADD TIMESTAMP_SUB TIMESTAMPADD TIMESTAMPSUB`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** Types with parameters, as in `CAST(x AS Decimal(18, 2))`. State types are left out on purpose. */
const types: ReadonlySet<string> = new Set(
  `ARRAY DATETIME DATETIME32 DATETIME64 DECIMAL DECIMAL32 DECIMAL64 DECIMAL128 DECIMAL256 DEC DYNAMIC
   ENUM ENUM8 ENUM16 FIXEDSTRING JSON LOWCARDINALITY MAP NESTED NULLABLE NUMERIC TIME64 TUPLE VARIANT
   VARCHAR CHAR`.split(/\s+/),
);

/**
 * A second look, at the text itself: whatever stands before a parenthesis is a
 * keyword, a type or a function of the allow-list. It needs no tree, so it
 * still holds if the engine's tree should ever leave something out.
 *
 * @throws SqlRefusal
 */
export function checkCalls(
  tokens: readonly Token[],
  source: string,
  commonNames: ReadonlySet<string>,
): void {
  tokens.forEach((token, at) => {
    if (token.kind !== 'word' && token.kind !== 'quoted') return;
    if (!isMark(tokens[at + 1], '(') || isAllowedCall(token, tokens[at - 1], commonNames)) return;
    throw new SqlRefusal(
      'ACCESS_DENIED',
      `The function ${token.text} is not allowed`,
      placeAt(source, token.start),
    );
  });
}

function isAllowedCall(
  token: Token,
  before: Token | undefined,
  commonNames: ReadonlySet<string>,
): boolean {
  const upper = token.text.toUpperCase();
  return (
    isAllowedFunction(token.text) ||
    allowedTableFunctions.has(token.text) ||
    commonNames.has(token.text) ||
    // An alias with names for its columns: `(…) AS t(a, b)`.
    isKeyword(before, 'AS') ||
    isMark(before, ')') ||
    (token.kind === 'word' && (keywords.has(upper) || types.has(upper)))
  );
}

const closing: { readonly [open: string]: string } = { '(': ')', '[': ']', '{': '}' };

/**
 * What must hold before the engine sees a statement at all: brackets that match,
 * so that it can be put between two of them, and no word that makes it write or read files.
 *
 * @throws SqlRefusal
 */
export function checkShape(tokens: readonly Token[], source: string): void {
  const expected: string[] = [];
  for (const token of tokens) {
    if (isKeyword(token, 'OUTFILE') || isKeyword(token, 'INFILE')) {
      throw new SqlRefusal(
        'ACCESS_DENIED',
        `${token.text} is not allowed`,
        placeAt(source, token.start),
      );
    }
    if (token.kind !== 'mark') continue;
    const close = closing[token.text];
    if (close !== undefined) expected.push(close);
    else if (')]}'.includes(token.text) && expected.pop() !== token.text) {
      throw new SqlRefusal(
        'SYNTAX_ERROR',
        `There is nothing that this ${token.text} closes`,
        placeAt(source, token.start),
      );
    }
  }
  if (expected.length > 0) {
    throw new SqlRefusal(
      'SYNTAX_ERROR',
      `Missing ${expected.at(-1)}`,
      placeAt(source, source.length),
    );
  }
}

/**
 * How often `APPLY` is followed by nothing but the name of an allowed function
 * and literal parameters. The engine's tree hides what is applied, so it must
 * have exactly as many of them.
 */
export function countPlainApplies(tokens: readonly Token[]): number {
  let count = 0;
  tokens.forEach((token, at) => {
    if (!isKeyword(token, 'APPLY')) return;
    const open = isMark(tokens[at + 1], '(');
    const name = tokens[at + (open ? 2 : 1)];
    if (name?.kind !== 'word' || !isAllowedFunction(name.text)) return;
    let next = at + (open ? 3 : 2);
    if (isMark(tokens[next], '(')) {
      next += 1;
      while (tokens[next]?.kind === 'string' || /^[\d.,]/.test(tokens[next]?.text ?? '')) next += 1;
      if (!isMark(tokens[next], ')')) return;
      next += 1;
    }
    if (!open || isMark(tokens[next], ')')) count += 1;
  });
  return count;
}

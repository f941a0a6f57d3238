import { ask } from './ask.ts';

const settings = new URLSearchParams({
  output_format_json_quote_64bit_integers: '1',
  output_format_json_quote_decimals: '1',
  output_format_decimal_trailing_zeros: '1',
});

/**
 * Rows as objects, or as arrays, as the format of the statement says. Decimals
 * and 64-bit integers come as strings: they do not fit JavaScript's numbers.
 *
 * @param statement which ends in `FORMAT JSON…EachRow`
 */
export async function askSql<Row>(
  statement: string,
  signal?: AbortSignal,
): Promise<readonly Row[]> {
  const text = await ask(`/sql?${settings}`, { body: statement, ...(signal ? { signal } : {}) });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Row => JSON.parse(line));
}

/** A name in a statement. */
export const quoted = (name: string): string =>
  `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;

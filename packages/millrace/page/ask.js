// Questions to the server. The read key, where one is needed, lives in this tab alone.

const storedKey = 'millrace-read-key';

/** @param {string} key */
export const useKey = (key) => sessionStorage.setItem(storedKey, key);

/** The server wants a read key, or another one. */
export class KeyNeeded extends Error {}

/** The server answered, but not with what was asked for. */
export class Refused extends Error {}

const answerMaxMs = 15_000;

/**
 * @param {string} path
 * @param {RequestInit} [options]
 */
async function ask(path, options = {}) {
  const key = sessionStorage.getItem(storedKey);
  const response = await fetch(path, {
    ...options,
    ...(key ? { headers: { authorization: `Bearer ${key}` } } : {}),
    cache: 'no-store',
    signal: AbortSignal.timeout(answerMaxMs),
  });
  const text = await response.text();
  if (response.status === 401) throw new KeyNeeded(key ?? '');
  if (!response.ok) throw new Refused(text.trim().slice(0, 300));
  return text;
}

/** @param {string} path */
export const askJson = async (path) => JSON.parse(await ask(path));

/**
 * Rows as objects, or as arrays, as the format of the question says. Decimals
 * and 64-bit integers come as strings: they do not fit JavaScript's numbers.
 *
 * @param {string} question which ends in `FORMAT JSON…EachRow`
 * @returns {Promise<any[]>}
 */
export async function askSql(question) {
  const settings = new URLSearchParams({
    output_format_json_quote_64bit_integers: '1',
    output_format_json_quote_decimals: '1',
    output_format_decimal_trailing_zeros: '1',
  });
  const text = await ask(`/sql?${settings}`, { method: 'POST', body: question });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

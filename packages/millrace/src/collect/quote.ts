import { Refusal } from './refusals.ts';

/** A string as a JSON literal. */
export type Quote = (text: string) => string;

/**
 * For strings out of a JSON text without a backslash: there a string cannot
 * hold a quote, a backslash, a control character or half a surrogate pair.
 */
export const quotePlain: Quote = (text) => `"${text}"`;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be found
const special = /["\\\u0000-\u001f\ud800-\udfff]/;

/** For any other string. @throws Refusal `nul_character`, `lone_surrogate`. */
export const quoteChecked: Quote = (text) => {
  if (!special.test(text)) return `"${text}"`;
  if (text.includes('\0')) throw new Refusal('nul_character');
  if (/\p{Surrogate}/u.test(text)) throw new Refusal('lone_surrogate');
  return JSON.stringify(text);
};

import { type Language, language } from './language.ts';

type Word = string | ((...values: never[]) => string);

/** As many words, each said with the same values. */
type Translated<Words> = {
  readonly [Key in keyof Words]: Words[Key] extends (...values: infer Values) => string
    ? (...values: Values) => string
    : string;
};

/**
 * The words of a part of the page, in each language: what lacks one does not
 * compile. Call what it returns while rendering, so that a change of language
 * renders again.
 */
export function words<Words extends { readonly [key: string]: Word }>(
  en: Words,
  ru: NoInfer<Translated<Words>>,
): () => Words | Translated<Words> {
  const all: { readonly [each in Language]: Words | Translated<Words> } = { en, ru };
  return () => all[language.value];
}

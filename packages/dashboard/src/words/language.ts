import { computed, effect, signal } from '@preact/signals';
import { keep, kept } from '../kept.ts';

export const languages = { en: 'English', ru: 'Русский' } as const;
export type Language = keyof typeof languages;

export const isLanguage = (text: string | null): text is Language =>
  text !== null && Object.hasOwn(languages, text);

function first(): Language {
  const before = kept('language');
  if (isLanguage(before)) return before;
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2)).find(isLanguage);
  return wanted ?? 'en';
}

export const language = signal<Language>(first());

/** The language as it is written where the reader lives, as far as their browser says: `en-GB`. */
export const locale = computed(
  () => navigator.languages.find((tag) => tag.startsWith(language.value)) ?? language.value,
);

export function chooseLanguage(chosen: Language): void {
  keep('language', chosen);
  language.value = chosen;
}

/** Says the language of the document to whoever reads it aloud. */
export function followLanguage(): void {
  effect(() => {
    document.documentElement.lang = language.value;
  });
}

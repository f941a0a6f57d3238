import { effect, signal } from '@preact/signals';
import { keep, kept } from './kept.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

export const isTheme = (text: string | null): text is Theme =>
  themes.some((theme) => theme === text);

const before = kept('theme');
export const theme = signal<Theme>(isTheme(before) ? before : 'system');

const systemDark = matchMedia('(prefers-color-scheme: dark)');
/** Changes whenever colours do: for what is drawn, and cannot follow a stylesheet. */
export const colours = signal(0);

/** Keeps the document in the chosen theme. */
export function followTheme(): void {
  const root = document.documentElement;
  effect(() => {
    if (theme.value === 'system') delete root.dataset.theme;
    else root.dataset.theme = theme.value;
    keep('theme', theme.value === 'system' ? null : theme.value);
    colours.value = colours.peek() + 1;
  });
  systemDark.addEventListener('change', () => {
    colours.value += 1;
  });
}

/** What a colour of the stylesheet is at present, for a canvas. */
export function colourOf(element: Element, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

import { markdownTable } from '../tools/markdown.ts';

/** A Markdown table; every column but the first is right-aligned. */
export const numbersTable = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string => markdownTable(head, rows, 'numbers');

/** 123456 becomes 123,456. */
export const whole = (value: number): string => Math.round(value).toLocaleString('en');

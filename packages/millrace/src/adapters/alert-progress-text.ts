import type { AlertProgress } from '../ports/alert-progress.ts';

export const alertProgressText = ({ of, endMs, taken }: AlertProgress): string =>
  JSON.stringify({ of, endMs, taken });

/** What such a text says; null if it is not one. */
export function alertProgressIn(text: string): AlertProgress | null {
  const progress: unknown = JSON.parse(text);
  return isProgress(progress) ? progress : null;
}

const isProgress = (value: unknown): value is AlertProgress =>
  typeof value === 'object' &&
  value !== null &&
  'of' in value &&
  typeof value.of === 'string' &&
  'endMs' in value &&
  Number.isSafeInteger(value.endMs) &&
  'taken' in value &&
  Number.isSafeInteger(value.taken);

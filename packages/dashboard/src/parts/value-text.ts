/** Of JSON: texts as they are, all else as JSON writes it. */
export const valueText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

/** A length of time: a whole number and a unit, as in `'500ms'`, `'10s'`, `'24h'`, `'90d'`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const unitMs: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Nothing in a pipeline is longer than a hundred years. */
export const durationMaxMs = 36_525 * 86_400_000;

/** Milliseconds of a duration; undefined for what is not one, or is longer than `durationMaxMs`. */
export const parseDuration = (text: unknown): number | undefined => {
  if (typeof text !== 'string') return undefined;
  const [, digits, unit] = /^(\d{1,15})(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : unitMs[unit];
  if (factor === undefined) return undefined;
  const ms = Number(digits) * factor;
  return ms <= durationMaxMs ? ms : undefined;
};

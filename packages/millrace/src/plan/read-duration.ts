import { durationMaxMs, parseDuration } from '../define/duration.ts';
import { type Report, shown } from './contradiction.ts';

export const dayMs = 86_400_000;

/** Milliseconds of a duration within its limits; undefined if it is left out, or reported. */
export const readDuration = (
  value: unknown,
  place: string,
  { minMs, maxMs = durationMaxMs }: { readonly minMs: number; readonly maxMs?: number },
  report: Report,
): number | undefined => {
  if (value === undefined) return undefined;
  const ms = parseDuration(value);
  if (ms === undefined)
    report(
      'bad_duration',
      place,
      `${shown(value)} is not a duration.`,
      'Write a whole number and ms, s, m, h or d: 500ms, 10s, 24h, 90d.',
    );
  else if (ms < minMs || ms > maxMs)
    report(
      'out_of_bounds',
      place,
      `${shown(value)} is out of bounds.`,
      `Give something from ${inWords(minMs)} to ${inWords(maxMs)}.`,
    );
  else return ms;
  return undefined;
};

const inWords = (ms: number): string => {
  if (ms % dayMs === 0 && ms > 0) return `${ms / dayMs}d`;
  if (ms % 3_600_000 === 0 && ms > 0) return `${ms / 3_600_000}h`;
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
};

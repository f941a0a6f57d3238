import { readArchivedName } from './archived-range.ts';
import { readReplacedName } from './replacement.ts';

/** The name of what says it of a range, and where that begins. */
export interface NamedRange {
  readonly name: string;
  readonly from: number;
}

/**
 * Which of all ranges and replacements of a partition are what readers see: a
 * replacement instead of all that lies within it, ranges and earlier replacements.
 *
 * @param before only replacements with smaller numbers are known.
 * @returns names in the order of offsets.
 */
export function liveRanges(
  ranges: readonly string[],
  replacements: readonly string[],
  before = Number.POSITIVE_INFINITY,
): readonly NamedRange[] {
  const newestFirst = replacements
    .flatMap((name) => {
      const read = readReplacedName(name);
      return read !== null && read.number < before ? [{ name, ...read }] : [];
    })
    .toSorted((a, b) => b.number - a.number);
  const seen: { readonly name: string; readonly from: number; readonly to: number }[] = [];
  const isReplaced = (at: number): boolean => seen.some(({ from, to }) => from <= at && at < to);
  for (const replacement of newestFirst) {
    if (!isReplaced(replacement.from)) seen.push(replacement);
  }
  const untouched = ranges.flatMap((name) => {
    const from = readArchivedName(name);
    return from === null || isReplaced(from) ? [] : [{ name, from }];
  });
  return [...seen, ...untouched]
    .map(({ name, from }) => ({ name, from }))
    .toSorted((a, b) => a.from - b.from);
}

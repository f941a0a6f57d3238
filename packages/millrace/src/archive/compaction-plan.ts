import type { ArchivedRange } from './archived-range.ts';

/** What is put together at most. */
export interface CompactionLimits {
  /** Ranges that follow each other; 2 or more. */
  readonly rangesMax: number;
  /** Events of all of them. */
  readonly rowsMax: number;
  /** Their objects' bytes. */
  readonly bytesMax: number;
}

/** Ranges of one level that follow each other. */
export type Run = readonly ArchivedRange[];

export interface CompactionStep {
  /** Runs to which ranges may still come, each of a lower level than the one before. */
  readonly open: readonly Run[];
  /** Runs that are to be put together, and to which nothing comes any more. */
  readonly closed: readonly Run[];
  /** A run that has as many ranges as it may: put together, it is the range that comes next. */
  readonly full: Run | null;
}

/**
 * What is put together once a range has come behind all others. Ranges of one level
 * are, when there are enough of them; what comes of it is of the next level. So an
 * event is written again once for each level, and never with each range that comes.
 * A range that is large already stays as it is, and ends the runs before it.
 */
export function afterRange(
  open: readonly Run[],
  next: ArchivedRange,
  limits: CompactionLimits,
): CompactionStep {
  const last = open.at(-1);
  const [first] = last ?? [];
  const isLarge = rowsOf([next]) > limits.rowsMax / 2 || bytesOf([next]) > limits.bytesMax / 2;
  const ends =
    first === undefined || isLarge || last?.at(-1)?.to !== next.from || level(next) > level(first);
  if (last === undefined || ends) {
    return { open: isLarge ? [] : [[next]], closed: open.filter(isWorthIt), full: null };
  }
  if (level(next) < level(first)) return { open: [...open, [next]], closed: [], full: null };
  const run = [...last, next];
  if (rowsOf(run) > limits.rowsMax || bytesOf(run) > limits.bytesMax) {
    return { open: [[next]], closed: open.filter(isWorthIt), full: null };
  }
  const before = open.slice(0, -1);
  if (run.length < limits.rangesMax) return { open: [...before, run], closed: [], full: null };
  return { open: before, closed: [], full: isWorthIt(run) ? run : null };
}

const level = (range: ArchivedRange): number => range.level ?? 0;

const rowsOf = (run: Run): number =>
  run.flatMap(({ objects }) => objects).reduce((sum, { rows }) => sum + rows, 0);

const bytesOf = (run: Run): number =>
  run
    .flatMap(({ objects }) => objects)
    .reduce((sum, { bytes = Number.POSITIVE_INFINITY }) => sum + bytes, 0);

/** Whether there would be half as many objects, or fewer. */
function isWorthIt(run: Run): boolean {
  const objects = run.flatMap((range) => range.objects);
  const kinds = new Set(objects.map(({ date, type }) => JSON.stringify([date, type])));
  return run.length > 1 && kinds.size * 2 <= objects.length;
}

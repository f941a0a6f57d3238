/** Neighbours of a size become one run: ids are rewritten seldom, and runs stay few. */
const neighbours = 4;
/** Of the least that makes a run: what is worth one when its time is over. */
const leftOverShare = 1 / 8;
/** Times the least that makes a run: beyond this runs are not merged, so that no merge takes for ever. */
const mergedFactorMax = 32;
const mergedAtOnceMax = 16;

/** Ids that leave together. */
export interface Part {
  /** Which span of time they came in; what is of another never joins them. */
  readonly span: number;
  readonly ids: number;
}

export interface RunLimits {
  /** The span of now. What is of an earlier one is complete. */
  readonly span: number;
  /** How many ids make a run while their span lasts. */
  readonly idsMin: number;
}

export type NextRun<Seal, Run> =
  | { readonly kind: 'sort'; readonly parts: readonly Seal[] }
  | { readonly kind: 'merge'; readonly parts: readonly Run[] };

/**
 * The run to make next, if one is due.
 *
 * @param seals what is in no run yet, and `runs` what is, each in the order of the log
 */
export function nextRun<Seal extends Part, Run extends Part>(
  seals: readonly Seal[],
  runs: readonly Run[],
  limits: RunLimits,
): NextRun<Seal, Run> | undefined {
  const unsorted = bySpan(seals).map((of) => dueToSort(of, limits));
  const sort = unsorted.find((parts) => parts !== undefined);
  if (sort !== undefined) return { kind: 'sort', parts: sort };
  const merges = bySpan(runs).map((of) => dueToMerge(of, limits));
  const merge = merges.find((parts) => parts !== undefined);
  return merge && { kind: 'merge', parts: merge };
}

function dueToSort<Seal extends Part>(
  seals: readonly Seal[],
  { span, idsMin }: RunLimits,
): readonly Seal[] | undefined {
  let ids = 0;
  for (const [index, seal] of seals.entries()) {
    ids += seal.ids;
    if (ids >= idsMin) return seals.slice(0, index + 1);
  }
  const isOver = seals.some((seal) => seal.span < span);
  return isOver && ids >= idsMin * leftOverShare ? seals : undefined;
}

function dueToMerge<Run extends Part>(
  runs: readonly Run[],
  { span, idsMin }: RunLimits,
): readonly Run[] | undefined {
  const isOver = runs.some((run) => run.span < span);
  for (const start of runs.keys()) {
    const parts: Run[] = [];
    let ids = 0;
    let most = 0;
    for (const run of runs.slice(start, start + (isOver ? mergedAtOnceMax : neighbours))) {
      if (ids + run.ids > idsMin * mergedFactorMax) break;
      parts.push(run);
      ids += run.ids;
      most = Math.max(most, run.ids);
    }
    if (isOver ? parts.length > 1 : parts.length === neighbours && most <= ids - most) return parts;
  }
  return undefined;
}

function bySpan<Each extends Part>(parts: readonly Each[]): Each[][] {
  const groups = new Map<number, Each[]>();
  for (const part of parts) {
    const group = groups.get(part.span);
    if (group === undefined) groups.set(part.span, [part]);
    else group.push(part);
  }
  return [...groups.values()];
}

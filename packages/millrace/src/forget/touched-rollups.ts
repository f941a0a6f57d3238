import { bucketOfMs } from '../plan/month-of-bucket.ts';
import type { Every, RollupPlan } from '../plan/plan.ts';
import { widthsMs } from '../plan/widths.ts';
import type { TouchedRollup } from '../ports/forget-progress.ts';
import type { TheirEvent } from './their-lines.ts';

/** Which buckets of rollups events may count in: of their type, whatever the rollup's condition says. */
export function touchedRollups(
  versions: readonly RollupPlan[],
  events: Iterable<TheirEvent>,
): readonly TouchedRollup[] {
  const all = [...events];
  const names = [...new Set(versions.map(({ name }) => name))];
  return names.flatMap((rollup) => {
    const ofName = versions.filter(({ name }) => name === rollup);
    const buckets = new Map<number, number>();
    for (const { from, every } of ofName) {
      for (const { type, timestamp } of all) {
        if (!from.includes(type)) continue;
        const begin = bucketOfMs(timestamp, every);
        buckets.set(begin, Math.max(endOfBucketMs(begin, every), buckets.get(begin) ?? 0));
      }
    }
    const ranges = joined(buckets).map(([since, until]) => ({
      since: new Date(since).toISOString(),
      until: new Date(until).toISOString(),
    }));
    const tables = ofName.map(({ table }) => table);
    return ranges.length === 0 ? [] : [{ rollup, tables, ranges }];
  });
}

/** No bucket is longer than the width, and it lies in the next one where one is shorter. */
const endOfBucketMs = (beginMs: number, every: Every): number =>
  bucketOfMs(beginMs + widthsMs[every], every);

function joined(buckets: ReadonlyMap<number, number>): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (const [begin, end] of [...buckets].sort(([a], [b]) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && begin <= last[1]) last[1] = Math.max(last[1], end);
    else ranges.push([begin, end]);
  }
  return ranges;
}

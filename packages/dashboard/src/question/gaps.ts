/**
 * A moment without a value between buckets that are not neighbours: no line joins them.
 *
 * @param times seconds since the epoch, ascending
 * @param width of a bucket, in seconds
 */
export function gapsMarked(times: readonly number[], width: number): readonly number[] {
  // A month may be longer than the shortest, a day of a zone by an hour.
  const apart = width * 1.5;
  return times.flatMap((time, place) => {
    const next = times[place + 1];
    return next !== undefined && next - time > apart ? [time, time + width] : [time];
  });
}

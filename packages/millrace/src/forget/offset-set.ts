import type { OffsetRange } from '../ports/forget-progress.ts';

/** Offsets of a log, few or many, found fast. */
export class OffsetSet {
  /** In order, apart from each other. */
  readonly ranges: readonly OffsetRange[];

  constructor(ranges: readonly OffsetRange[]) {
    this.ranges = ranges;
  }

  with(offsets: Iterable<number>): OffsetSet {
    return this.withRanges([...offsets].map((offset): OffsetRange => [offset, offset + 1]));
  }

  /** @param more in any order; they may meet each other. */
  withRanges(more: readonly OffsetRange[]): OffsetSet {
    const all = [...this.ranges, ...more].sort(([a], [b]) => a - b);
    const ranges: [number, number][] = [];
    for (const [from, to] of all) {
      const last = ranges.at(-1);
      if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
      else ranges.push([from, to]);
    }
    return new OffsetSet(ranges);
  }

  /** The first offset at `from` or behind it that is not among them. */
  firstWithout(from: number): number {
    const range = this.ranges[this.#indexBehind(from)];
    return range !== undefined && range[0] <= from ? range[1] : from;
  }

  /** The first offset at `from` or behind it that is among them; infinite if there is none. */
  firstWithin(from: number): number {
    const range = this.ranges[this.#indexBehind(from)];
    return range === undefined ? Number.POSITIVE_INFINITY : Math.max(from, range[0]);
  }

  /** How many of them lie in [from, to). */
  count(from: number, to: number): number {
    let count = 0;
    for (const [first, end] of this.#cut(from, to)) count += end - first;
    return count;
  }

  /** Those that lie in [from, to), ascending. */
  within(from: number, to: number): number[] {
    const offsets: number[] = [];
    for (const [first, end] of this.#cut(from, to)) {
      for (let offset = first; offset < end; offset += 1) offsets.push(offset);
    }
    return offsets;
  }

  *#cut(from: number, to: number): Generator<OffsetRange> {
    for (let at = this.#indexBehind(from); at < this.ranges.length; at += 1) {
      const [first = 0, end = 0] = this.ranges[at] ?? [];
      if (first >= to) break;
      yield [Math.max(first, from), Math.min(end, to)];
    }
  }

  /** Of the first range that ends behind an offset. */
  #indexBehind(offset: number): number {
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ranges[middle]?.[1] ?? 0) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

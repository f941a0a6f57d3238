import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ArchivedObject, ArchivedRange } from './archived-range.ts';
import { afterRange, type CompactionLimits, type Run } from './compaction-plan.ts';

const limits: CompactionLimits = { rangesMax: 4, rowsMax: 100, bytesMax: 1_000 };

interface Kind {
  readonly day: number;
  readonly type: string;
  readonly rows: number;
  readonly bytes?: number;
}

const object = ({ day, type, rows, bytes }: Kind): ArchivedObject => ({
  ...{ name: `${day} ${type}`, date: `2026-05-0${day}`, type, rows },
  ...(bytes === undefined ? {} : { bytes }),
});

/** Ranges of ten offsets that follow each other. */
const follow = (all: readonly (readonly Kind[])[]): readonly ArchivedRange[] =>
  all.map((kinds, n) => ({
    ...{ partition: 0, from: n * 10, to: n * 10 + 10, objects: kinds.map(object) },
  }));

/** What is made of ranges: an object for each day and type. */
function together(run: Run): ArchivedRange {
  const made = new Map<string, ArchivedObject>();
  for (const each of run.flatMap(({ objects }) => objects)) {
    const { name } = each;
    const { rows = 0, bytes = 0 } = made.get(name) ?? {};
    made.set(name, { ...each, rows: rows + each.rows, bytes: bytes + (each.bytes ?? 0) });
  }
  const [first] = run;
  const from = first?.from ?? 0;
  const to = run.at(-1)?.to ?? 0;
  return { partition: 0, from, to, objects: [...made.values()], level: (first?.level ?? 0) + 1 };
}

/** What is there at the end, and all that was put together on the way. */
function compact(ranges: readonly ArchivedRange[]): {
  readonly left: readonly ArchivedRange[];
  readonly runs: readonly Run[];
} {
  const left = new Map<number, ArchivedRange>();
  const runs: Run[] = [];
  let open: readonly Run[] = [];
  const put = (run: Run): ArchivedRange => {
    const made = together(run);
    for (const { from } of run) left.delete(from);
    left.set(made.from, made);
    runs.push(run);
    return made;
  };
  const take = (range: ArchivedRange): void => {
    const step = afterRange(open, range, limits);
    open = step.open;
    for (const run of step.closed) put(run);
    if (step.full !== null) take(put(step.full));
  };
  for (const range of ranges) {
    left.set(range.from, range);
    take(range);
  }
  return { left: [...left.values()].toSorted((a, b) => a.from - b.from), runs };
}

const rowsOf = (ranges: readonly ArchivedRange[]): number =>
  ranges.flatMap(({ objects }) => objects).reduce((sum, { rows }) => sum + rows, 0);
const bytesOf = (ranges: readonly ArchivedRange[]): number =>
  ranges
    .flatMap(({ objects }) => objects)
    .reduce((sum, { bytes }) => sum + (bytes ?? Number.NaN), 0);
const bounds = (ranges: readonly ArchivedRange[]): readonly (readonly [number, number])[] =>
  ranges.map(({ from, to }) => [from, to]);

const view: Kind = { day: 1, type: 'view', rows: 1, bytes: 10 };
const hours = (count: number): readonly ArchivedRange[] =>
  follow(Array.from({ length: count }, () => [view]));

test('as many ranges as are told are put together, and what comes of them again', () => {
  expect(bounds(compact(hours(3)).left)).toEqual([
    ...[
      [0, 10],
      [10, 20],
      [20, 30],
    ],
  ]);
  expect(bounds(compact(hours(9)).left)).toEqual([
    ...[
      [0, 40],
      [40, 80],
      [80, 90],
    ],
  ]);
  expect(bounds(compact(hours(17)).left)).toEqual([
    ...[
      [0, 160],
      [160, 170],
    ],
  ]);
});

test('a large range stays, and so does one of an unknown size; what is before them is put together', () => {
  for (const large of [
    { ...view, rows: 60 },
    { ...view, bytes: 600 },
    { ...view, bytes: undefined },
  ]) {
    const { bytes, ...kind } = large;
    const big = bytes === undefined ? kind : { ...kind, bytes };
    const { left } = compact(follow([[view], [view], [big], [view], [view]]));
    expect(bounds(left)).toEqual([
      ...[
        [0, 20],
        [20, 30],
        [30, 40],
        [40, 50],
      ],
    ]);
  }
});

test('what would be as many objects as before is left as it is', () => {
  const days = follow([1, 2, 3, 4, 5].map((day) => [{ ...view, day }]));
  expect(compact(days)).toEqual({ left: days, runs: [] });
});

test('a range that follows none is never put together with what is before', () => {
  const [first, second, third, fourth, fifth] = hours(5);
  if (!(first && second && third && fourth && fifth)) return expect.fail('too few');
  const { left } = compact([first, second, fourth, fifth]);
  expect(bounds(left)).toEqual([
    ...[
      [0, 20],
      [30, 40],
      [40, 50],
    ],
  ]);
});

const kinds = fc.record({
  day: fc.integer({ min: 1, max: 3 }),
  type: fc.constantFrom('view', 'purchase'),
  rows: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }) }, fc.nat(80)),
  bytes: fc.integer({ min: 1, max: 60 }),
});
const gaps = fc.boolean();

test('whatever comes, little is written again, within its bounds, and no offset is lost', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.uniqueArray(kinds, { maxLength: 3 }),
          fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, gaps),
        ),
        { maxLength: 80 },
      ),
      (all) => {
        const ranges = follow(all.map(([objects]) => objects)).filter((_, n) => !all[n]?.[1]);
        const { left, runs } = compact(ranges);
        expect(rowsOf(left)).toBe(rowsOf(ranges));
        for (const run of runs) {
          expect(run.length).toBeGreaterThan(1);
          expect(run.length).toBeLessThanOrEqual(limits.rangesMax);
          expect(rowsOf(run)).toBeLessThanOrEqual(limits.rowsMax);
          expect(bytesOf(run)).toBeLessThanOrEqual(limits.bytesMax);
          expect(new Set(run.map(({ level = 0 }) => level)).size).toBe(1);
          run.forEach(({ from }, n) => {
            expect(from).toBe(run[n - 1]?.to ?? from);
          });
          const objects = run.reduce((sum, range) => sum + range.objects.length, 0);
          expect(together(run).objects.length * 2).toBeLessThanOrEqual(objects);
        }
        // Every offset that was there is there, once.
        const offsets = (some: readonly ArchivedRange[]): readonly number[] =>
          some.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, n) => from + n));
        expect(offsets(left)).toEqual(offsets(ranges));
        // Once for each level, of which there are few.
        const levels = Math.ceil(Math.log(ranges.length + 1) / Math.log(2)) + 1;
        for (const { from } of ranges) {
          const times = runs.filter((run) => {
            const { from: first, to } = together(run);
            return first <= from && from < to;
          }).length;
          expect(times).toBeLessThanOrEqual(levels);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('of however many small ranges of a day few are left', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), (count) => {
      const { left, runs } = compact(hours(count));
      // As many as are large already, and for each level fewer than are put together.
      expect(left.length).toBeLessThanOrEqual(Math.ceil(count / 50) + 4 * (limits.rangesMax - 1));
      const written = runs.reduce((sum, run) => sum + rowsOf(run), 0);
      expect(written).toBeLessThanOrEqual(4 * count);
    }),
    { numRuns: 100 },
  );
});

import { expect } from 'vitest';
import type { FieldPlan, WindowPlan } from '../../plan/plan.ts';
import { canonical, decimalText, expectMeasure } from './expect-measure.suite.ts';
import { type CanonicalEvent, exactSum, holdsOf, type Scalar, valuesOf } from './naive.suite.ts';
import { type NaiveWindow, windowsOf } from './naive-windows.suite.ts';
import type { Row } from './test-store.suite.ts';

/** That the results of a window are what a recomputation from these events gives, each once. */
export const expectWindow = (
  window: WindowPlan,
  given: readonly Row[],
  all: readonly CanonicalEvent[],
): void => {
  const naive = new Map(
    windowsOf(window, all)
      .filter((one) => isWritten(window, one))
      .map((one) => [JSON.stringify([one.startMs, one.endMs, ...one.dimensions]), one]),
  );
  const keyed = new Map(
    given.map((row) => [
      JSON.stringify([
        Date.parse(String(row.window_start)),
        Date.parse(String(row.window_end)),
        ...window.by.map(({ name, field }) => canonical(row[name], field)),
      ]),
      row,
    ]),
  );
  expect([...keyed.keys()].sort()).toEqual([...naive.keys()].sort());
  expect(given.length).toBe(naive.size);
  for (const [key, { events }] of naive)
    for (const measure of window.measures)
      expectMeasure(keyed.get(key)?.[measure.name], measure, events);
};

const isWritten = (window: WindowPlan, { events }: NaiveWindow): boolean =>
  window.having === null || holdsOf(window.having, (field) => measured(window, field, events));

/** Of counts and sums, in canonical form. */
const measured = (
  window: WindowPlan,
  field: FieldPlan,
  events: readonly CanonicalEvent[],
): Scalar => {
  const measure = window.measures.find(
    ({ name }) => field.source === 'computed' && name === field.name,
  );
  if (measure?.kind === 'count') return String(events.length);
  if (measure?.kind !== 'sum') throw new TypeError('only counts and sums are recomputed');
  const { type } = measure.field;
  return decimalText(
    exactSum(valuesOf(events, measure.field)),
    type.kind === 'decimal' ? type.scale : 0,
  );
};

import { expect } from 'vitest';
import {
  type AggregationText,
  type CountedEvent,
  type Expected,
  type ExpectedRow,
  type PipelineText,
  type RollupText,
  recompute,
  recomputeWindow,
  typeOfField,
  type WindowText,
} from './recompute.ts';

export interface GivenRow {
  readonly [column: string]: unknown;
}

/** A cell as a recomputation has it: times as epoch milliseconds, of all else nothing is changed. */
const cellOf = (given: unknown, kind: string): unknown =>
  kind === 'timestamp' && given !== null ? Date.parse(String(given)) : given;

/** That the rows of a rollup are those that a recomputation from these events has. */
export const expectRows = (
  rollup: RollupText,
  pipeline: PipelineText,
  given: readonly GivenRow[],
  events: readonly CountedEvent[],
): void =>
  expectWanted(rollup, pipeline, {
    ...{ given, times: ['bucket'] },
    wanted: recompute(rollup, pipeline, events),
  });

/** The same for all results of a window. */
export const expectWindowRows = (
  window: WindowText,
  pipeline: PipelineText,
  given: readonly GivenRow[],
  events: readonly CountedEvent[],
): void =>
  expectWanted(window, pipeline, {
    ...{ given, times: ['window_start', 'window_end'] },
    wanted: recomputeWindow(window, pipeline, events),
  });

interface Compared {
  readonly given: readonly GivenRow[];
  readonly wanted: readonly ExpectedRow[];
  /** The columns that say of when a row is. */
  readonly times: readonly string[];
}

function expectWanted(
  { by: fields = [], measures: kept }: AggregationText,
  pipeline: PipelineText,
  { given, wanted, times }: Compared,
): void {
  const by = fields.map((field) => ({
    column: field.replaceAll('.', '_'),
    kind: typeOfField(pipeline, field).kind,
  }));
  const keyed = new Map(
    given.map((row) => [
      JSON.stringify([
        times.map((column) => Date.parse(String(row[column]))),
        by.map(({ column, kind }) => cellOf(row[column], kind)),
      ]),
      row,
    ]),
  );
  const keys = wanted.map((row) => JSON.stringify([row.times, row.dimensions]));
  expect([...keyed.keys()].sort()).toEqual(keys.toSorted());
  expect(given.length).toBe(wanted.length);
  for (const [at, { measures }] of wanted.entries())
    for (const [name, expected] of Object.entries(measures)) {
      const cell = keyed.get(keys[at] ?? '')?.[name];
      const field = kept[name]?.field;
      const isExtreme = ['min', 'max'].includes(kept[name]?.kind ?? '');
      const kind = field === undefined || !isExtreme ? '' : typeOfField(pipeline, field).kind;
      const found = [cellOf(cell, kind)].flat();
      const wants = [expected].flat();
      expect([keys[at], name, found.length]).toEqual([keys[at], name, wants.length]);
      for (const [i, one] of wants.entries()) expectCell(found[i], one, `${keys[at]} ${name}`);
    }
}

function expectCell(given: unknown, expected: Expected, what: string): void {
  if ('exactly' in expected) {
    expect([what, given]).toEqual([what, expected.exactly]);
    return;
  }
  const { near, within } = expected;
  const isNear = near.some((value) => Math.abs(Number(given) - value) <= within(value));
  expect([what, given, near, given !== null && isNear]).toEqual([what, given, near, true]);
}

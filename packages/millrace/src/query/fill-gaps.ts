import type { PropertyType } from '../define/property.ts';
import type { MeasurePlan } from '../plan/plan.ts';
import { groupColumns, previousColumn, type SeriesQuestion } from '../plan/questions/series.ts';

export interface AnswerRow {
  readonly [column: string]: AnswerValue;
}
export type AnswerValue = string | number | boolean | null | readonly (number | null)[];

/**
 * A row for each bucket of each group that has a row at all, ordered by bucket
 * and, within one, as the groups first came; without groups, for each bucket.
 */
export function fillGaps(
  question: SeriesQuestion,
  rows: readonly AnswerRow[],
  buckets: readonly string[],
): readonly AnswerRow[] {
  const { measures, previousByMs } = question;
  const dimensions = groupColumns(question).map(({ name }) => name);
  const groupOf = (row: AnswerRow): AnswerRow =>
    Object.fromEntries(dimensions.map((name) => [name, row[name] ?? null]));
  const keyOf = (bucket: unknown, group: AnswerRow): string => JSON.stringify([bucket, group]);

  const groups = new Map<string, AnswerRow>();
  if (dimensions.length === 0) groups.set('', {});
  else for (const row of rows) groups.set(JSON.stringify(groupOf(row)), groupOf(row));
  const there = new Map(rows.map((row) => [keyOf(row.bucket, groupOf(row)), row]));
  const nothing = Object.fromEntries(
    measures.flatMap((measure) => [
      [measure.name, empty(measure)],
      ...(previousByMs === null ? [] : [[previousColumn(measure.name), empty(measure)]]),
    ]),
  );
  return buckets.flatMap((bucket) =>
    [...groups.values()].map(
      (group) => there.get(keyOf(bucket, group)) ?? { bucket, ...group, ...nothing },
    ),
  );
}

/** What a measure is where there are no events. */
function empty(measure: MeasurePlan): AnswerValue {
  switch (measure.kind) {
    case 'count':
    case 'uniq':
      return '0';
    case 'sum':
      return zero(measure.field.type);
    case 'quantiles':
      return measure.levels.map(() => null);
    case 'min':
    case 'max':
    case 'avg':
      return null;
  }
}

function zero(type: PropertyType): AnswerValue {
  if (type.kind === 'float64') return 0;
  if (type.kind === 'decimal' && type.scale > 0) return `0.${'0'.repeat(type.scale)}`;
  return '0';
}

import fc from 'fast-check';
import type { Condition, FieldPlan } from '../../../plan/plan.ts';
import type { CanonicalEvent } from '../naive.suite.ts';
import type { Row } from '../test-store.suite.ts';
/** What the events of few people say, of the pipeline `everyKind`. */
export const fewKinds = ['a', 'b', 'c'] as const;

export const kindField: FieldPlan = {
  source: 'property',
  path: ['kind'],
  type: { kind: 'enum', values: ['a', 'b', "it's \\ `quoted`", 'c'] },
};

export const isKind = (value: string): Condition => ({
  kind: 'compare',
  field: kindField,
  operator: 'eq',
  value,
});

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/**
 * Events so near to each other that instants meet.
 *
 * @param stepMs between the instants at which something happens.
 */
export const eventsOfFew = (
  seed: number,
  count: number,
  { instants = 40, stepMs = 1, firstMs = 0 } = {},
): readonly CanonicalEvent[] =>
  fc
    .sample(
      fc.record({
        type: fc.constantFrom('sale', 'refund', 'ping', 'page'),
        timestamp: fc.integer({ min: 0, max: instants }).map((at) => firstMs + at * stepMs),
        // Some do little, some much.
        user_id: maybe(fc.integer({ min: 0, max: 60 }).map((n) => `u${n}`)),
        anonymous_id: maybe(fc.integer({ min: 0, max: 120 }).map((n) => `a${n}`)),
        session_id: maybe(fc.integer({ min: 0, max: 200 }).map((n) => `s${n}`)),
        kind: maybe(fc.constantFrom(...fewKinds)),
      }),
      { numRuns: count, seed },
    )
    .map(
      ({ kind, type, ...event }, at): CanonicalEvent =>
        // As a line of the log has it: what is absent is left out.
        JSON.parse(
          JSON.stringify({
            event_id: `e${at}`,
            received_at: event.timestamp,
            appended_at: event.timestamp,
            late: false,
            type,
            ...event,
            properties: type === 'sale' || type === 'refund' ? { kind } : {},
          }),
        ),
    );

export const groupsOf = <Key, Value>(
  values: readonly Value[],
  keyOf: (value: Value) => Key,
): Map<Key, Value[]> => {
  const groups = new Map<Key, Value[]>();
  for (const value of values) {
    const key = keyOf(value);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return groups;
};

/** Between the two values that lie next to it. */
export const quantile = (values: readonly number[], level: number): number | null => {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = level * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
  return low === undefined || high === undefined ? null : low + (high - low) * (rank % 1);
};

/** Floats are the same but for their last digits. */
export const rounded = (rows: readonly Row[]): unknown =>
  JSON.parse(JSON.stringify(rows), (_key, value) =>
    typeof value === 'number' ? Number(value.toFixed(6)) : value,
  );

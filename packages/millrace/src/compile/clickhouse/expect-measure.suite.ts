import { expect } from 'vitest';
import type { FieldPlan, MeasurePlan } from '../../plan/plan.ts';
import { type CanonicalEvent, exactSum, valuesOf } from './naive.suite.ts';

export const decimalText = (unscaled: bigint, scale: number): string => {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
};
/** A dimension or an extreme as the naive side has it. */
export const canonical = (given: unknown, field: FieldPlan): string | number | boolean | null => {
  if (given === null) return null;
  if (field.type.kind === 'timestamp') return Date.parse(String(given));
  return typeof given === 'boolean' || typeof given === 'number' ? given : String(given);
};

/** That a finished measure is what it must be of these events. */
export const expectMeasure = (
  given: unknown,
  measure: MeasurePlan,
  of: readonly CanonicalEvent[],
): void => {
  if (measure.kind === 'count') {
    expect(given).toBe(String(of.length));
    return;
  }
  const { field } = measure;
  const values = valuesOf(of, field);
  const floatsOf = values.map(Number);
  const size = floatsOf.reduce((total, x) => total + Math.abs(x), 0);
  const scale = field.type.kind === 'decimal' ? field.type.scale : 0;
  switch (measure.kind) {
    case 'sum':
      if (field.type.kind === 'float64')
        expect(Math.abs(Number(given) - floatsOf.reduce((a, b) => a + b, 0))).toBeLessThanOrEqual(
          size * 1e-9,
        );
      else expect(String(given)).toBe(decimalText(exactSum(values), scale));
      return;
    case 'min':
    case 'max':
      expect(canonical(given, field)).toBe(values.at(measure.kind === 'min' ? 0 : -1) ?? null);
      return;
    case 'avg': {
      if (values.length === 0) {
        expect(given).toBe(null);
        return;
      }
      const mean =
        field.type.kind === 'float64'
          ? floatsOf.reduce((a, b) => a + b, 0) / values.length
          : Number(exactSum(values)) / values.length / 10 ** scale;
      expect(Math.abs(Number(given) - mean)).toBeLessThanOrEqual((size / values.length) * 1e-9);
      return;
    }
    case 'uniq':
      expect(given).toBe(String(new Set(values).size));
      return;
    case 'quantiles': {
      const list: unknown = given;
      if (!Array.isArray(list)) throw new TypeError('quantiles are a list');
      expect(list.length).toBe(measure.levels.length);
      for (const [i, level] of measure.levels.entries()) {
        if (values.length === 0) {
          expect(list[i]).toBe(null);
          continue;
        }
        const rank = level * (values.length - 1);
        const candidates = [Math.floor(rank), Math.ceil(rank)].map((at) => floatsOf[at] ?? 0);
        const near = candidates.some((x) => {
          const error = Math.abs(Number(list[i]) - x);
          if (Math.abs(x) < 1e-30) return error <= 1e-30;
          const share = field.type.kind === 'float64' && Math.abs(x) < 1e-8 ? 0.031 : 0.010_001;
          return error <= Math.abs(x) * share;
        });
        expect([list[i], candidates, near]).toEqual([list[i], candidates, true]);
      }
    }
  }
};

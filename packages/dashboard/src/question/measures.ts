import type { Field } from './fields.ts';
import { isNumeric, isOrdered } from './fields.ts';

export const measureKinds = ['count', 'sum', 'avg', 'min', 'max', 'uniq', 'quantiles'] as const;
export type MeasureKind = (typeof measureKinds)[number];
const isKind = (text: string): text is MeasureKind => measureKinds.some((kind) => kind === text);

export interface Measure {
  readonly kind: MeasureKind;
  /** Of all but `count`. */
  readonly field: string;
  /** Of `quantiles`. */
  readonly levels: readonly number[];
}

export const count: Measure = { kind: 'count', field: '', levels: [] };
export const defaultLevels = [0.5, 0.95];

/** The fields it can be made of. */
export function measurable(kind: MeasureKind, fields: readonly Field[]): readonly Field[] {
  if (kind === 'count') return [];
  if (kind === 'uniq') return fields;
  return fields.filter(kind === 'min' || kind === 'max' ? isOrdered : isNumeric);
}

/** In an address: `count`, `sum:value`, `quantiles:value:0.5,0.95`. */
export const measureText = ({ kind, field, levels }: Measure): string =>
  [kind, ...(kind === 'count' ? [] : [field]), ...(kind === 'quantiles' ? [levels] : [])].join(':');

export function readMeasure(text: string): Measure | undefined {
  const [kind = '', field = '', levels = ''] = text.split(':');
  if (!isKind(kind)) return undefined;
  return { kind, field, levels: kind === 'quantiles' ? readLevels(levels) : [] };
}

export function readLevels(text: string): readonly number[] {
  const levels = text
    .split(',')
    .map(Number)
    .filter((level) => level > 0 && level < 1);
  return levels.length > 0 ? [...new Set(levels)] : defaultLevels;
}

export type AskedMeasure =
  | { readonly kind: 'count' }
  | { readonly kind: MeasureKind; readonly field: string; readonly levels?: readonly number[] };

/** Of a question: by the names of their columns, which `taken` and each other's are not. */
export function askedMeasures(
  measures: readonly Measure[],
  taken: readonly string[],
): { readonly [name: string]: AskedMeasure } {
  const asked = new Map<string, AskedMeasure>();
  for (const measure of measures) {
    let name = nameOf(measure);
    while (taken.includes(name) || asked.has(name)) name = `${name}_2`;
    asked.set(name, askedOf(measure));
  }
  return Object.fromEntries(asked);
}

function askedOf({ kind, field, levels }: Measure): AskedMeasure {
  if (kind === 'count') return { kind };
  return { kind, field, ...(kind === 'quantiles' ? { levels } : {}) };
}

/** In snake_case, as the names of columns are: `sum_value`, `uniq_user_id`. */
const nameOf = ({ kind, field }: Measure): string =>
  `${kind}_${field}`
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 50)
    .replace(/^_|_$/g, '');

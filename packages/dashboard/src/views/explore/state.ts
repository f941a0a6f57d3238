import { bucketsOf, sampleBounds } from '../../../../millrace/dist/plan/questions/sampling.js';
import type { PipelineDescription } from '../../api/pipeline.ts';
import { readCount } from '../../question/count.ts';
import { fieldsOf } from '../../question/fields.ts';
import { type Filter, filterText, readFilter, whereOf } from '../../question/filters.ts';
import {
  askedMeasures,
  count,
  type Measure,
  type MeasureKind,
  measurable,
  measureText,
  readMeasure,
} from '../../question/measures.ts';
import {
  askedTimes,
  type Every,
  fittingEvery,
  lengthMs,
  type Range,
  readEvery,
  readRange,
  readZone,
  writeRange,
} from '../../question/range.ts';

/** What was chosen; the address of the page holds all of it. */
export interface ExploreState {
  readonly from: readonly string[];
  readonly measures: readonly Measure[];
  readonly filters: readonly Filter[];
  readonly by: readonly string[];
  /** How many groups have lines of their own. */
  readonly top: number;
  readonly range: Range;
  readonly zone: string;
  /** `fitting` follows the range; `total` has no buckets. */
  readonly every: Every | 'fitting' | 'total';
  readonly compare: boolean;
  readonly fill: boolean;
  /** Whether a part of the time may answer for all of it. Then it is not compared, filled, or of the greatest groups. */
  readonly sample: boolean;
}

export const topMax = 50;
const topDefault = 6;
/** As many as a question may have: a sample tells no greatest groups from others. */
const sampleRowsMax = 10_000;

/** What an address says; what it does not say, or what the pipeline does not have, is as at first. */
export function readState(params: URLSearchParams, pipeline: PipelineDescription): ExploreState {
  const types = pipeline.events.map(({ type }) => type);
  const named = types.filter((type) => params.getAll('from').includes(type));
  const from = named.length > 0 ? named : types.slice(0, 1);
  const every = params.get('every');
  return fitting(
    {
      from,
      measures: params.getAll('measure').flatMap((text) => readMeasure(text) ?? []),
      filters: params.getAll('where').flatMap((text) => readFilter(text) ?? []),
      by: params.getAll('by'),
      top: readCount(params.get('top'), topMax) ?? topDefault,
      range: readRange(params) ?? { span: '24h' },
      zone: readZone(params),
      every: every === 'total' ? every : (readEvery(every) ?? 'fitting'),
      compare: params.get('compare') === 'previous',
      fill: params.get('fill') !== 'no',
      sample: params.get('sample') === 'auto',
    },
    pipeline,
  );
}

/** Without what the chosen events do not have. */
export function fitting(state: ExploreState, pipeline: PipelineDescription): ExploreState {
  const fields = fieldsOf(pipeline, state.from);
  const has = (name: string): boolean => fields.some((field) => field.name === name);
  const measures = state.measures.filter(
    ({ kind, field }) =>
      kind === 'count' || measurable(kind, fields).some(({ name }) => name === field),
  );
  const fitted = {
    ...state,
    measures: measures.length > 0 ? measures : [count],
    filters: state.filters.filter(({ field }) => has(field)),
    by: state.by.filter(has),
  };
  return { ...fitted, sample: fitted.sample && maySample(fitted) };
}

/** Whether a part of the time tells what is asked of all of it, each bucket with slices of its own. */
export function maySample(state: ExploreState): boolean {
  const range = { sinceMs: 0, untilMs: lengthMs(state.range), every: everyOf(state) };
  return (
    bucketsOf(range) <= sampleBounds.bucketsMax &&
    state.measures.every(({ kind }) => !ofAllAlone.includes(kind))
  );
}

const ofAllAlone: readonly MeasureKind[] = ['min', 'max', 'uniq'];

export function writeState(state: ExploreState): URLSearchParams {
  const params = new URLSearchParams();
  for (const type of state.from) params.append('from', type);
  for (const measure of state.measures) params.append('measure', measureText(measure));
  for (const filter of state.filters) params.append('where', filterText(filter));
  for (const name of state.by) params.append('by', name);
  if (state.by.length > 0) params.set('top', String(state.top));
  writeRange(state.range, state.zone, params);
  if (state.every !== 'fitting') params.set('every', state.every);
  if (state.compare) params.set('compare', 'previous');
  if (!state.fill) params.set('fill', 'no');
  if (state.sample) params.set('sample', 'auto');
  return params;
}

/** The width of the buckets; null for totals. */
export const everyOf = ({ every, range }: ExploreState): Every | null =>
  every === 'total' ? null : every === 'fitting' ? fittingEvery(range) : every;

/** The question, as `POST /v1/query` takes it. */
export function questionOf(state: ExploreState, pipeline: PipelineDescription, nowMs: number) {
  const { from, measures, filters, by, range, zone } = state;
  const every = everyOf(state);
  const where = whereOf(filters, fieldsOf(pipeline, from));
  const taken = ['bucket', 'other', ...by.map((name) => name.replaceAll('.', '_'))];
  return {
    from,
    measures: askedMeasures(measures, taken),
    ...(by.length > 0 ? { by } : {}),
    ...(where === undefined ? {} : { where }),
    ...askedTimes(range, every ?? 'minute', zone, nowMs),
    ...(every === null ? {} : { every, zone }),
    ...(state.sample ? { sample: 'auto', limit: sampleRowsMax } : ofAll(state)),
  };
}

const ofAll = ({ by, top, compare, every, fill }: ExploreState) => ({
  ...(by.length > 0 ? { limit: top, other: true } : {}),
  ...(compare ? { compare: 'previous' } : {}),
  ...(every !== 'total' && fill ? { fill: true } : {}),
});

import type { PipelineDescription } from '../../api/pipeline.ts';
import {
  askedEvents,
  type ChosenEvents,
  fieldsOfChosen,
  fittingChosen,
} from '../../question/chosen-events.ts';
import { type Filter, filterText, readFilter } from '../../question/filters.ts';
import { type PersonField, readPer } from '../../question/person.ts';
import {
  askedTimes,
  fittingEvery,
  type Range,
  readRange,
  readZone,
  writeRange,
} from '../../question/range.ts';

/** Of at least one type. */
export type Step = ChosenEvents;

export interface FunnelState {
  readonly steps: readonly Step[];
  /** As it is typed: `7d`. */
  readonly within: string;
  readonly per: PersonField;
  readonly by: readonly string[];
  readonly range: Range;
  /** In which the range is shown. */
  readonly zone: string;
}

export const stepsMin = 2;
/** As many as a question may have. */
export const stepsMax = 16;
/** So many groups, by how many people are at their first step. */
const groupsMax = 50;
const levels = [0.5, 0.9];

/** From the first type of event to the last, if the address names no steps. */
export function readState(params: URLSearchParams, pipeline: PipelineDescription): FunnelState {
  const types = pipeline.events.map(({ type }) => type);
  const conditions = params.getAll('where').map(readCondition);
  const named = params.getAll('step').map((text, place): Step => {
    const names = text.split(',');
    return {
      from: types.filter((type) => names.includes(type)),
      filters: conditions.flatMap((one) => (one?.place === place ? [one.filter] : [])),
    };
  });
  const steps = named.filter(({ from }) => from.length > 0).slice(0, stepsMax);
  return fitting(
    {
      steps:
        steps.length >= stepsMin
          ? steps
          : [types.slice(0, 1), types.slice(-1)].map((from) => ({ from, filters: [] })),
      within: params.get('within') || '7d',
      per: readPer(params),
      by: params.getAll('by'),
      range: readRange(params) ?? { span: '30d' },
      zone: readZone(params),
    },
    pipeline,
  );
}

/** A condition names its step, from 1 on: `2.value:gte:250.00`. */
function readCondition(text: string): { place: number; filter: Filter } | undefined {
  const [, step, rest] = /^(\d+)\.(.*)$/s.exec(text) ?? [];
  const filter = readFilter(rest ?? '');
  return filter && { place: Number(step) - 1, filter };
}

/** Without what the events of the steps do not have. */
export function fitting(state: FunnelState, pipeline: PipelineDescription): FunnelState {
  const [first] = state.steps;
  const fields = first ? fieldsOfChosen(pipeline, first) : [];
  return {
    ...state,
    steps: state.steps.map((step) => fittingChosen(step, pipeline)),
    by: state.by.filter((name) => fields.some((field) => field.name === name)),
  };
}

export function writeState({ steps, within, per, by, range, zone }: FunnelState): URLSearchParams {
  const params = new URLSearchParams();
  for (const { from } of steps) params.append('step', from.join(','));
  for (const [place, { filters }] of steps.entries())
    for (const filter of filters) params.append('where', `${place + 1}.${filterText(filter)}`);
  params.set('within', within);
  params.set('per', per);
  for (const name of by) params.append('by', name);
  writeRange(range, zone, params);
  return params;
}

/** The question, as `millrace.funnel()` takes it. */
export function questionOf(state: FunnelState, pipeline: PipelineDescription, nowMs: number) {
  const { steps, within, per, by, range, zone } = state;
  return {
    steps: steps.map((step) => askedEvents(step, pipeline)),
    within,
    per,
    // Whole groups: the limit is of rows, and each has a row for each step.
    ...(by.length > 0 ? { by, limit: groupsMax * steps.length } : {}),
    levels,
    ...askedTimes(range, fittingEvery(range), zone, nowMs),
  };
}

import type { PipelineDescription } from '../../api/pipeline.ts';
import {
  askedEvents,
  type ChosenEvents,
  fieldsOfChosen,
  fittingChosen,
  readChosen,
  writeChosen,
} from '../../question/chosen-events.ts';
import { type PersonField, readPer } from '../../question/person.ts';
import {
  askedTimes,
  type Every,
  fittingEvery,
  type Range,
  readEvery,
  readRange,
  readZone,
  writeRange,
} from '../../question/range.ts';

export interface SessionsState {
  readonly of: ChosenEvents;
  /** As it is typed: `30m`. */
  readonly gap: string;
  readonly per: PersonField;
  /** Fields of the first and of the last event, by which sessions are told apart. */
  readonly entry: string;
  readonly exit: string;
  readonly every: Every | 'fitting';
  readonly range: Range;
  readonly zone: string;
}

/** So many entries, and so many exits, by how many sessions they are of. */
const endsMax = 20;
const bucketsMax = 10_000;
const levels = [0.5, 0.9];

export function readState(params: URLSearchParams, pipeline: PipelineDescription): SessionsState {
  return fitting(
    {
      of: readChosen('from', params, pipeline),
      gap: params.get('gap') || '30m',
      per: readPer(params),
      entry: params.get('entry') ?? 'type',
      exit: params.get('exit') ?? 'type',
      every: readEvery(params.get('every')) ?? 'fitting',
      range: readRange(params) ?? { span: '30d' },
      zone: readZone(params),
    },
    pipeline,
  );
}

/** Without what the chosen events do not have. */
export function fitting(state: SessionsState, pipeline: PipelineDescription): SessionsState {
  const fields = fieldsOfChosen(pipeline, state.of);
  const known = (name: string): string =>
    fields.some((field) => field.name === name) ? name : 'type';
  return {
    ...state,
    of: fittingChosen(state.of, pipeline),
    entry: known(state.entry),
    exit: known(state.exit),
  };
}

export function writeState(state: SessionsState): URLSearchParams {
  const params = new URLSearchParams();
  writeChosen('from', state.of, params);
  params.set('gap', state.gap);
  params.set('per', state.per);
  params.set('entry', state.entry);
  params.set('exit', state.exit);
  if (state.every !== 'fitting') params.set('every', state.every);
  writeRange(state.range, state.zone, params);
  return params;
}

export const everyOf = ({ every, range }: SessionsState): Every =>
  every === 'fitting' ? fittingEvery(range) : every;

/** The questions, as `millrace.sessions()` takes them. */
export function questionsOf(state: SessionsState, pipeline: PipelineDescription, nowMs: number) {
  const { of, gap, per, entry, exit, range, zone } = state;
  const every = everyOf(state);
  const common = {
    ...askedEvents(of, pipeline),
    gap,
    per,
    levels,
    ...askedTimes(range, every, zone, nowMs),
  };
  return {
    totals: common,
    buckets: { ...common, every, zone, limit: bucketsMax },
    entries: { ...common, entry: [entry], limit: endsMax },
    exits: { ...common, exit: [exit], limit: endsMax },
  };
}

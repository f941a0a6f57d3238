import { retentionWidths } from '../../../../millrace/dist/plan/questions/retention.js';
import type { PipelineDescription } from '../../api/pipeline.ts';
import {
  askedEvents,
  type ChosenEvents,
  fittingChosen,
  readChosen,
  writeChosen,
} from '../../question/chosen-events.ts';
import { readCount } from '../../question/count.ts';
import { type PersonField, readPer } from '../../question/person.ts';
import {
  isoText,
  type Range,
  readRange,
  readZone,
  timesOf,
  wallMs,
  wallText,
  writeRange,
} from '../../question/range.ts';

export type CohortWidth = (typeof retentionWidths)[number];

export interface RetentionState {
  /** With which event somebody begins. */
  readonly first: ChosenEvents;
  /** With which event somebody comes back. */
  readonly back: ChosenEvents;
  readonly every: CohortWidth;
  /** The last one, counted from 0. */
  readonly periods: number;
  readonly per: PersonField;
  readonly range: Range;
  readonly zone: string;
}

/** As of a question. */
export const periodsMax = 400;
const periodsDefault = 8;
/** As many as an answer may have: each cohort has a row for each period. */
const rowsMax = 10_000;

export function readState(params: URLSearchParams, pipeline: PipelineDescription): RetentionState {
  return fitting(
    {
      first: readChosen('first', params, pipeline),
      back: readChosen('return', params, pipeline),
      every: retentionWidths.find((width) => width === params.get('every')) ?? 'week',
      periods: readCount(params.get('periods'), periodsMax) ?? periodsDefault,
      per: readPer(params),
      range: readRange(params) ?? { span: '90d' },
      zone: readZone(params),
    },
    pipeline,
  );
}

/** Without what the chosen events do not have. */
export const fitting = (state: RetentionState, pipeline: PipelineDescription): RetentionState => ({
  ...state,
  first: fittingChosen(state.first, pipeline),
  back: fittingChosen(state.back, pipeline),
});

export function writeState(state: RetentionState): URLSearchParams {
  const params = new URLSearchParams();
  writeChosen('first', state.first, params);
  writeChosen('return', state.back, params);
  params.set('every', state.every);
  params.set('periods', String(state.periods));
  params.set('per', state.per);
  writeRange(state.range, state.zone, params);
  return params;
}

/** The question, as `millrace.retention()` takes it. */
export function questionOf(state: RetentionState, pipeline: PipelineDescription, nowMs: number) {
  const { first, back, every, periods, per, range, zone } = state;
  const { sinceMs, untilMs } = timesOf(range, every, zone, nowMs);
  return {
    first: askedEvents(first, pipeline),
    return: askedEvents(back, pipeline),
    every,
    periods,
    per,
    zone,
    // Of a span the first cohort is as whole as the others.
    since: isoText('span' in range ? cohortStartMs(sinceMs, every, zone) : sinceMs),
    until: isoText(untilMs),
    limit: rowsMax,
  };
}

/** The first instant of the cohort in which a moment lies, by the calendar of the zone. */
function cohortStartMs(ms: number, every: CohortWidth, zone: string): number {
  const wall = new Date(`${wallText(ms, zone)}Z`);
  wall.setUTCHours(0, 0, 0, 0);
  // From Monday.
  if (every === 'week') wall.setUTCDate(wall.getUTCDate() - ((wall.getUTCDay() + 6) % 7));
  if (every === 'month') wall.setUTCDate(1);
  return wallMs(wall.toISOString().slice(0, 19), zone);
}

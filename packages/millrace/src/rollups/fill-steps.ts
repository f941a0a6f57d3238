import type { LogCut } from '../plan/log-cut.ts';
import { endOfBucketMonthMs } from '../plan/month-of-bucket.ts';
import type { RollupPlan } from '../plan/plan.ts';
import { resultLines } from '../ports/result-rows.ts';
import type { RollupStep } from '../ports/rollup-progress.ts';
import type { Store } from '../ports/store.ts';
import type { Place } from './rollup-tables.ts';

/** How the events behind a rollup are asked about, in the store's dialect. */
export interface FillQuestions {
  /** How many events are in a range, and when the first of them happened (epoch ms). */
  readonly eventsToFill: (rollup: RollupPlan, range: FillRange) => string;
  /** How many happened in each minute (epoch ms) of it. */
  readonly eventsByMinute: (rollup: RollupPlan, range: FillRange) => string;
}

export interface FillRange {
  readonly fromMs: number;
  /** Null: up to the last. */
  readonly toMs: number | null;
  readonly cut: LogCut;
}

/** A version of a rollup, and how far it is filled. */
export interface Fillable extends Pick<Place, 'rollup' | 'doneToMs' | 'replay'> {
  readonly cut: LogCut;
}

export interface FillStepsOptions {
  readonly store: Store;
  readonly questions: FillQuestions;
  readonly eventsPerStep: number;
}

/**
 * The next steps of a fill, in order and without gaps; none if no events are left.
 *
 * They lie in one month of buckets, which is one partition of the table, so each
 * is inserted as one part: whole or not at all. They begin and end with minutes,
 * so a minute with more events is one step all the same.
 */
export async function nextSteps(
  { rollup, cut, doneToMs, replay }: Fillable,
  { store, questions, eventsPerStep }: FillStepsOptions,
): Promise<readonly RollupStep[]> {
  const untilMs = replay?.untilMs ?? null;
  const rest = { fromMs: doneToMs, toMs: untilMs, cut };
  const [[events = 0, firstMs = 0] = []] = await numbers(
    questions.eventsToFill(rollup, rest),
    store,
  );
  if (events === 0) return [];
  const monthEndMs = endOfBucketMonthMs(firstMs, rollup.every);
  const toMs = untilMs === null ? monthEndMs : Math.min(monthEndMs, untilMs);
  const month = { fromMs: doneToMs, toMs, cut };
  const minutes = await numbers(questions.eventsByMinute(rollup, month), store);
  const steps: RollupStep[] = [];
  let step: RollupStep = { fromMs: month.fromMs, toMs: month.toMs, events: 0 };
  for (const [minuteMs = 0, inMinute = 0] of minutes) {
    if (step.events > 0 && step.events + inMinute > eventsPerStep) {
      steps.push({ ...step, toMs: minuteMs });
      step = { fromMs: minuteMs, toMs: month.toMs, events: 0 };
    }
    step = { ...step, events: step.events + inMinute };
  }
  return [...steps, step];
}

/** How many events of a rollup were there before its table. */
export async function eventsBelowCut(
  { rollup, doneToMs: fromMs, cut, replay }: Fillable,
  { store, questions }: Omit<FillStepsOptions, 'eventsPerStep'>,
): Promise<number> {
  const sql = questions.eventsToFill(rollup, { fromMs, toMs: replay?.untilMs ?? null, cut });
  const [[events = 0] = []] = await numbers(sql, store);
  return events;
}

async function numbers(sql: string, store: Store): Promise<readonly (readonly number[])[]> {
  const lines = resultLines(await store.read(sql, { format: 'TSV' }));
  return lines.map((line) => line.split('\t').map(Number));
}

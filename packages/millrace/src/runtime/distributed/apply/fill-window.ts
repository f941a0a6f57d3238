import { setTimeout as sleep } from 'node:timers/promises';
import { lateInsert } from '../../../adapters/clickhouse/store-error.ts';
import {
  dropWindowHistory,
  windowReplaySource,
} from '../../../compile/clickhouse/window-replay.ts';
import { insertWindowResults } from '../../../compile/clickhouse/window-table.ts';
import type { WindowPlan } from '../../../plan/plan.ts';
import type { WindowStep } from '../../../ports/window-versions.ts';
import { nextWindowSteps } from '../../../windows/replay-steps.ts';
import { database } from '../../database.ts';
import { define } from './define.ts';
import { insertDeadline } from './insert-deadline.ts';
import { offsetsLoaded, type ReadingAgain, readAgain } from './read-again.ts';
import { eventsPerStep, stepByStep } from './step-by-step.ts';
import { sourceOf, windowQuestions } from './window-questions.ts';
import type { WindowFill, WindowFillProgress, WindowVersion } from './window-version.ts';

/**
 * Computes the results of a version that its job does not compute, each once, from the
 * events below its cut. Nothing else is brought into its table meanwhile: so that knows the
 * token of the last step however long ago that was, and whoever goes on repeats it without
 * harm.
 *
 * @throws StoreError that goes on; MillraceError `apply_in_progress`, `log_unavailable`, and
 *   what `readAgain` throws.
 */
export async function fillWindow(
  { table }: Pick<WindowPlan, 'table'>,
  from: 'archive' | 'events',
  work: ReadingAgain,
): Promise<void> {
  const { claim, tell } = work;
  const { window, fill } = filledWindow(table, work);
  // What it is computed from may be gone once everything is.
  if (from === 'archive' && fill.doneToMs < fill.toMs && fill.intent === null)
    await readEvents(table, work);
  await computeAll(table, from, work);
  await define(dropWindowHistory(window, { database }), work);
  const filled = { ...filledWindow(table, work), stage: 'filled' } as const;
  await claim.keep({ ...claim.applied, windows: { ...claim.applied.windows, [table]: filled } });
  const upTo = new Date(fill.toMs).toISOString();
  tell(`${table} has the results of windows that ended up to ${upTo}; its job computes the others`);
}

/** Once all are read, that is seen at once. */
function readEvents(table: string, work: ReadingAgain): Promise<void> {
  const { window, fill } = filledWindow(table, work);
  const version = {
    ...{ table, source: windowReplaySource(window, database), cut: fill.cut },
    loaded: () => filledWindow(table, work).fill.loaded,
    async keep(loaded: NonNullable<WindowFill['loaded']>) {
      const eventsDone = offsetsLoaded(loaded);
      await keepProgress(table, { loaded, eventsDone }, work);
    },
  };
  return readAgain(version, 'archive', work);
}

function computeAll(table: string, from: 'archive' | 'events', work: ReadingAgain): Promise<void> {
  let ahead: readonly WindowStep[] = [];
  const computeNext = async (): Promise<boolean> => {
    const { window, fill } = filledWindow(table, work);
    if (fill.intent === null && fill.doneToMs >= fill.toMs) return false;
    if (fill.intent === null && ahead[0]?.fromMs !== fill.doneToMs)
      ahead = await nextWindowSteps(window, fill, {
        ...{ store: work.store, questions: windowQuestions(from), eventsPerStep },
      });
    const step = fill.intent ?? ahead[0];
    ahead = ahead.slice(fill.intent === null ? 1 : 0);
    if (step === undefined) await keepProgress(table, { doneToMs: fill.toMs }, work);
    else await compute(table, from, step, work);
    return true;
  };
  return stepByStep(table, computeNext, work);
}

async function compute(
  table: string,
  from: 'archive' | 'events',
  step: WindowStep,
  work: ReadingAgain,
): Promise<void> {
  const { store, reach } = work;
  const { window, fill } = filledWindow(table, work);
  const begunMs = performance.now();
  if (fill.intent === null) await keepProgress(table, { intent: step }, work);
  reach('window-replay-intended');
  const { fromMs, toMs } = step;
  const deadline = { atMs: await insertDeadline(work), late: lateInsert };
  await store.insertComputed({
    statement: insertWindowResults(
      window,
      { fromMs, toMs, emittedAtMs: fill.emittedAtMs, deadline },
      { database },
      sourceOf(window, from, fill),
    ),
    token: `windows/${table}/${fromMs}-${toMs}`,
  });
  reach('window-replay-inserted');
  const eventsDone = fill.eventsDone + (from === 'events' ? step.events : 0);
  await keepProgress(table, { intent: null, doneToMs: toMs, eventsDone }, work);
  // As long as it worked, it leaves the store to others.
  await sleep(performance.now() - begunMs);
}

async function keepProgress(
  table: string,
  changed: Partial<WindowFillProgress>,
  { claim, onFill }: Pick<ReadingAgain, 'claim' | 'onFill'>,
): Promise<void> {
  const { fill } = filledWindow(table, { claim });
  const { eventsDone, doneToMs, intent, loaded } = { ...fill, ...changed };
  await claim.keepWindowFill(table, {
    ...{ eventsDone, doneToMs, intent },
    ...(loaded ? { loaded } : {}),
  });
  onFill(table, eventsDone, fill.events);
}

/** A version that is being filled, as it was kept last. */
function filledWindow(
  table: string,
  { claim }: Pick<ReadingAgain, 'claim'>,
): WindowVersion & { readonly fill: WindowFill } {
  const version = claim.applied.windows[table];
  if (version === undefined || version.fill === null)
    throw new Error(`${table} is not being filled`);
  return { ...version, fill: version.fill };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { lateInsert } from '../../../adapters/clickhouse/store-error.ts';
import { fillFromEvents } from '../../../compile/clickhouse/rollup-fill.ts';
import { dropReplay, replaySource } from '../../../compile/clickhouse/rollup-replay.ts';
import type { RollupPlan } from '../../../plan/plan.ts';
import type { RollupStep } from '../../../ports/rollup-progress.ts';
import type { Store } from '../../../ports/store.ts';
import { nextSteps } from '../../../rollups/fill-steps.ts';
import { database } from '../../database.ts';
import { fillStatements } from '../../fill-statements.ts';
import { define } from './define.ts';
import { type FilledVersion, type Filling, filledVersion } from './filling.ts';
import { insertDeadline } from './insert-deadline.ts';
import { offsetsLoaded, type ReadingAgain, type ReadVersion, readAgain } from './read-again.ts';
import type { FillProgress, RollupFill } from './rollup-version.ts';
import { eventsPerStep, stepByStep } from './step-by-step.ts';

/**
 * Brings the events below a version's cut into its table, each once. Nothing else is
 * brought into it meanwhile: so the table knows the token of the last step however
 * long ago that was, and whoever goes on repeats it without harm.
 *
 * @throws StoreError that goes on; MillraceError `apply_in_progress`, `log_unavailable`, and
 *   what `readAgain` throws.
 */
export async function fillRollup({ table }: RollupPlan, work: ReadingAgain): Promise<void> {
  const { claim, tell } = work;
  const { rollup, from = 'events' } = filledVersion(table, work);
  if (from === 'events') await fillFromStore(table, work);
  else {
    await readAgain(readVersion(table, work), from, work);
    await define(dropReplay(rollup, { database }), work);
  }
  const { fill, ...version } = filledVersion(table, work);
  // The archive and the log have all there ever was.
  const completeSinceMs =
    from === 'events' ? completeSince(fill, Number.POSITIVE_INFINITY, work) : null;
  const filled = { ...version, stage: 'filled', fill: { ...fill, completeSinceMs } } as const;
  const { rollups } = claim.applied;
  await claim.keep({ ...claim.applied, rollups: { ...rollups, [table]: filled } });
  tell(`${table} has the ${fill.eventsDone} events that were stored before it`);
}

/** Where what is read again gets into a rollup, and how far that is. */
function readVersion(table: string, work: Filling): ReadVersion {
  const { rollup, fill } = filledVersion(table, work);
  return {
    ...{ table, source: replaySource(rollup, database), cut: fill.cut },
    loaded: () => filledVersion(table, work).fill.loaded,
    async keep(loaded) {
      const { cut: _, events, ...progress } = filledVersion(table, work).fill;
      const eventsDone = offsetsLoaded(loaded);
      await work.claim.keepFill(table, { ...progress, loaded, eventsDone });
      work.onFill(table, eventsDone, events);
    },
  };
}

function fillFromStore(table: string, work: Filling): Promise<void> {
  const steps = new Ahead(work.store);
  const step = async (): Promise<boolean> => {
    if (!(await fillOn(table, steps, work))) return false;
    const { eventsDone, events } = filledVersion(table, work).fill;
    work.onFill(table, eventsDone, events);
    return true;
  };
  return stepByStep(table, step, work);
}

/** Does a step. @returns whether there was one. */
async function fillOn(table: string, steps: Ahead, work: Filling): Promise<boolean> {
  const { claim, reach } = work;
  const version = filledVersion(table, work);
  const { cut, events: _, ...progress } = version.fill;
  const step = progress.intent ?? (await steps.next(version));
  if (step === undefined) return false;
  const begunMs = performance.now();
  if (progress.intent === null) await claim.keepFill(table, { ...progress, intent: step });
  reach('rollup-intended');
  await insert(version.rollup, cut, step, work);
  reach('rollup-inserted');
  const done: FillProgress = {
    intent: null,
    doneToMs: step.toMs,
    eventsDone: progress.eventsDone + step.events,
    completeSinceMs: completeSince(version.fill, step.toMs, work),
  };
  await claim.keepFill(table, done);
  // As long as it worked, it leaves the store to others.
  await sleep(performance.now() - begunMs);
  return true;
}

async function insert(
  rollup: RollupPlan,
  cut: readonly number[],
  { fromMs, toMs }: RollupStep,
  work: Filling,
): Promise<void> {
  const deadline = { atMs: await insertDeadline(work), late: lateInsert };
  await work.store.insertComputed({
    statement: fillFromEvents(rollup, { fromMs, toMs, cut, deadline }, { database }),
    token: `rollups/${rollup.table}/${fromMs}-${toMs}`,
  });
}

/** The next steps, which are asked for by the month. */
class Ahead {
  readonly #store: Store;
  #steps: readonly RollupStep[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  async next({ rollup, fill }: FilledVersion): Promise<RollupStep | undefined> {
    const later = this.#steps.filter(({ fromMs }) => fromMs >= fill.doneToMs);
    const questions = fillStatements(database);
    this.#steps =
      later[0]?.fromMs === fill.doneToMs
        ? later
        : await nextSteps({ ...fill, rollup }, { store: this.#store, questions, eventsPerStep });
    return this.#steps[0];
  }
}

/** Since when it has everything, now that it has what is left of the events before a time. */
function completeSince(
  { doneToMs, completeSinceMs }: RollupFill,
  toMs: number,
  { claim, clock }: Filling,
): number | null {
  const { plan, eventsGoneBeforeMs } = claim.applied;
  const keepMs = plan?.keepMs ?? Number.POSITIVE_INFINITY;
  const goneMs = Math.max(eventsGoneBeforeMs ?? Number.NEGATIVE_INFINITY, clock.now() - keepMs);
  if (doneToMs >= goneMs) return completeSinceMs;
  return Math.max(completeSinceMs ?? Number.NEGATIVE_INFINITY, Math.min(toMs, goneMs));
}

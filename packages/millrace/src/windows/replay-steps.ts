import { longestWindowMs } from '../plan/longest-window.ts';
import type { WindowPlan } from '../plan/plan.ts';
import { windowStepMs } from '../plan/window-step.ts';
import { resultLines } from '../ports/result-rows.ts';
import type { Store } from '../ports/store.ts';
import type { WindowReplay, WindowStep } from '../ports/window-versions.ts';

/** How the events behind a window are asked about, in the store's dialect. Times are epoch ms. */
export interface WindowQuestions<Replay = WindowReplay> {
  /** How many events there are in a range, and when the first of them happened. */
  readonly events: (window: WindowPlan, replay: Replay, range: EventRange) => string;
  /** How many happened in each `widthMs` of it. */
  readonly eventsBy: (
    window: WindowPlan,
    replay: Replay,
    range: EventRange & { readonly widthMs: number },
  ) => string;
}

export interface EventRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is asked for of a replay's way: from where on, and to which end. */
type Way = Pick<WindowReplay, 'doneToMs' | 'toMs'>;

export interface ReplayStepsOptions<Replay = WindowReplay> {
  readonly store: Pick<Store, 'read'>;
  readonly questions: WindowQuestions<Replay>;
  readonly eventsPerStep: number;
}

/** Before the first event that can be: DateTime64 begins with the year 1900. */
const beginningMs = Date.UTC(1900, 0, 1);

/** Events are counted in pieces of this, or of what lies between two ends if that is more. */
const pieceMs = 60_000;

/**
 * The next steps of a replay, in order and without gaps; none if no results are left.
 *
 * They lie in one month, and perhaps end in the next, so each is inserted into two
 * partitions at most.
 */
export async function nextWindowSteps<Replay extends Way>(
  window: WindowPlan,
  replay: Replay,
  { store, questions, eventsPerStep }: ReplayStepsOptions<Replay>,
): Promise<readonly WindowStep[]> {
  const { doneToMs, toMs } = replay;
  const stepMs = windowStepMs(window.span);
  const widthMs = Math.ceil(pieceMs / stepMs) * stepMs;
  // Windows that end later may have begun so long before.
  const left = { fromMs: openSinceMs(window, doneToMs), toMs };
  const [[events = 0, firstMs = 0] = []] = await numbers(
    questions.events(window, replay, left),
    store,
  );
  if (events === 0) return [];
  const beginMs = Math.max(doneToMs, floor(firstMs, widthMs));
  const monthEndMs = Math.min(toMs, floor(endOfMonthMs(beginMs), widthMs) + widthMs);
  const month = { fromMs: beginMs, toMs: monthEndMs, widthMs };
  const pieces = await numbers(questions.eventsBy(window, replay, month), store);
  const steps: WindowStep[] = [];
  let step: WindowStep = { fromMs: beginMs, toMs: monthEndMs, events: 0 };
  for (const [pieceBeginMs = 0, inPiece = 0] of pieces) {
    if (step.events > 0 && step.events + inPiece > eventsPerStep && pieceBeginMs > step.fromMs) {
      steps.push({ ...step, toMs: pieceBeginMs });
      step = { fromMs: pieceBeginMs, toMs: monthEndMs, events: 0 };
    }
    step = { ...step, events: step.events + inPiece };
  }
  return [...steps, step];
}

/** Behind which a version begins that is replayed up to an end: what is kept no longer is not computed. */
export const firstEndMs = ({ span, keepMs }: WindowPlan, toMs: number): number =>
  floor(keepMs === null ? beginningMs : Math.max(beginningMs, toMs - keepMs), windowStepMs(span));

/** How many stored events happened before the last window of a replay ended. */
export async function eventsOfReplay<Replay extends Way>(
  window: WindowPlan,
  replay: Replay,
  { store, questions }: Omit<ReplayStepsOptions<Replay>, 'eventsPerStep'>,
): Promise<number> {
  const range = { fromMs: openSinceMs(window, replay.doneToMs), toMs: replay.toMs };
  const [[events = 0] = []] = await numbers(questions.events(window, replay, range), store);
  return events;
}

/** Windows that end after a time began at this or later. */
const openSinceMs = ({ span }: WindowPlan, endMs: number): number =>
  Math.max(beginningMs, endMs - longestWindowMs(span));

const endOfMonthMs = (ms: number): number => {
  const day = new Date(ms);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1);
};

const floor = (ms: number, widthMs: number): number => Math.floor(ms / widthMs) * widthMs;

async function numbers(
  sql: string,
  store: Pick<Store, 'read'>,
): Promise<readonly (readonly number[])[]> {
  const lines = resultLines(await store.read(sql, { format: 'TSV' }));
  return lines.map((line) => line.split('\t').map(Number));
}

import { alertProgressIn } from '../../../adapters/alert-progress-text.ts';
import { countResults, deleteResults, isKeyedBy } from '../../../compile/clickhouse/forget.ts';
import { resultsTable } from '../../../compile/clickhouse/results-table.ts';
import { resultsBehindMs } from '../../../compile/flink/window-job.ts';
import { resultsTopicName } from '../../../compile/kafka/topics.ts';
import { MillraceError } from '../../../errors.ts';
import type { Span, WindowPlan } from '../../../plan/plan.ts';
import { resultLines } from '../../../ports/result-rows.ts';
import { database } from '../../database.ts';
import { waitAndTell } from '../apply/wait-and-tell.ts';
import { standingWindows } from '../apply/window-version.ts';
import { alertGroup } from '../group-names.ts';
import { type WatchedWindows, watchWindows } from '../watched-windows.ts';
import type { Forgetting } from './carry-out.ts';
import type { ClusterOrder, FoundInCluster } from './cluster-forgotten.ts';
import { remove, removeRecords } from './remove-rows.ts';

/** Removes the results that are out, of windows by an id of theirs. Flink has no way to take something out of those that are open. */
export async function removeResults(
  order: ClusterOrder,
  found: FoundInCluster,
  work: Forgetting,
): Promise<void> {
  const { plan, kafka, claim, tell } = work;
  const standing = standingWindows(claim.applied.windows);
  const keyed = standing.filter((window) => isKeyedBy(window, order.person));
  if (keyed.length === 0) return;
  const watched = watchWindows({
    ...{ plan, kafka, windows: () => standing },
    onProblem: (what, error) => tell(`${what}: ${String(error)}`),
  });
  try {
    for (const window of keyed) {
      const outMs = await untilOut(window, order, watched.runner, work);
      await removeTold(window, order, work);
      const table = resultsTable(window, database);
      await removeRecords({ table, by: window.by }, resultsTopicName(window, plan), order, work);
      tellOpen(window, found, outMs, work);
    }
  } finally {
    await watched.stop();
  }
}

/** Resolves once the results of windows that had ended at the order are in their table. @returns up to which ends they are (epoch ms). */
async function untilOut(
  window: WindowPlan,
  { orderedAtMs }: ClusterOrder,
  { emittedMs }: WatchedWindows['runner'],
  work: Forgetting,
): Promise<number> {
  const endedMs = orderedAtMs - resultsBehindMs(window, work.plan);
  const waiting = waitAndTell(
    () => `waiting until results of the window ${window.name} are out`,
    work,
  );
  for (;;) {
    try {
      const outMs = emittedMs(window.table);
      if (outMs >= endedMs) return outMs;
    } catch (error) {
      // It is looked at for the first time.
      if (!(error instanceof MillraceError) || error.code !== 'log_unavailable') throw error;
    }
    await waiting();
  }
}

/** An alert counts how many results of a window's end it has told: they go once it is past them. */
async function removeTold(
  window: WindowPlan,
  { person }: ClusterOrder,
  work: Forgetting,
): Promise<void> {
  const { store, clock } = work;
  const nowMs = clock.now();
  const all = countResults(window, { person, endedBeforeMs: nowMs }, { database });
  const waiting = waitAndTell(
    () => `waiting until an alert has told results of the window ${window.name}`,
    work,
  );
  for (;;) {
    const endedBeforeMs = Math.min(nowMs, await toldBeforeMs(window, work));
    await remove(deleteResults(window, { person, endedBeforeMs }, { database }), work);
    const [left] = resultLines(await store.read(all, { format: 'TSV' }));
    if (left === '0') return;
    await waiting();
  }
}

/** Every alert of the window has told the results of before (epoch ms). */
async function toldBeforeMs({ name }: WindowPlan, { plan, admin }: Forgetting): Promise<number> {
  const told = plan.alerts
    .filter(({ window }) => window === name)
    .map(async (alert) => {
      const { offsets } = await admin.group(alertGroup(alert, plan));
      const text = offsets.find(({ metadata }) => metadata !== '')?.metadata;
      // One that never ran has told nothing yet.
      return text === undefined ? 0 : (alertProgressIn(text)?.endMs ?? 0);
    });
  return Math.min(Number.POSITIVE_INFINITY, ...(await Promise.all(told)));
}

function tellOpen(
  { name, span }: WindowPlan,
  { lastMs }: FoundInCluster,
  outMs: number,
  { tell }: Forgetting,
): void {
  if (lastMs === null || lastMs + longestMs(span) <= outMs) return;
  const endMs = new Date(lastMs + longestMs(span)).toISOString();
  tell(
    `the window ${name} had events of theirs in windows that are open, until ${endMs} or later: order the same again when their results are out`,
  );
}

/** How long after an event its window ends at the latest; of a session, if nothing follows. */
const longestMs = (span: Span): number => (span.kind === 'session' ? span.gapMs : span.sizeMs);

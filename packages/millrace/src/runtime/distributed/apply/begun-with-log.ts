import { topicNames } from '../../../compile/kafka/topics.ts';
import { MillraceError } from '../../../errors.ts';
import type { WindowPlan } from '../../../plan/plan.ts';
import type { Performing } from './perform.ts';

/**
 * Makes sure that a version's job, which runs and has a checkpoint, began where the log
 * does: that has forgotten nothing even now.
 *
 * @throws MillraceError `history_incomplete`, `log_unavailable`.
 */
export async function requireBegunWithLog(
  { table }: Pick<WindowPlan, 'table'>,
  { claim, history, tell, admin }: Performing,
): Promise<void> {
  const { plan, windows } = claim.applied;
  const version = windows[table];
  if (plan === null || version === undefined) throw new Error(`${table} is not being filled`);
  const { clean } = topicNames(plan);
  const ranges = (await admin.look([clean])).get(clean)?.ranges ?? [];
  const part = { from: 'log', sinceMs: null, untilMs: null } as const;
  for (const partition of ranges.keys())
    await history.read('log', partition, (all) => all.start(part));
  const filled = { ...version, stage: 'filled' } as const;
  await claim.keep({ ...claim.applied, windows: { ...windows, [table]: filled } });
  tell(`${table} is computed from the log, from its first event on`);
}

/**
 * Makes sure, before anything else is brought into a version, that the log still has what
 * its job, which runs and has a checkpoint, was to begin with.
 *
 * @throws MillraceError `history_incomplete`, `log_unavailable`.
 */
export async function requireBegunWithOpen(
  { table, name }: Pick<WindowPlan, 'table' | 'name'>,
  { claim, admin }: Pick<Performing, 'claim' | 'admin'>,
): Promise<void> {
  const { plan, windows } = claim.applied;
  const fill = windows[table]?.fill;
  if (plan === null || fill == null) throw new Error(`${table} is not being filled`);
  const isBegun = fill.eventsDone > 0 || fill.intent !== null || fill.loaded !== undefined;
  if (isBegun) return;
  const { clean } = topicNames(plan);
  const ranges = (await admin.look([clean])).get(clean)?.ranges ?? [];
  if (ranges.every(({ start }, partition) => start <= (fill.begins[partition] ?? 0))) return;
  throw new MillraceError(
    'history_incomplete',
    `${clean} has forgotten events that ${table} was to be made of: \`millrace replay drop ${name}\`, and replay it again.`,
  );
}

import { explainJob, submitJob } from '../../../adapters/flink/sql-gateway.ts';
import type { KafkaAddress } from '../../../adapters/kafka/brokers.ts';
import type { Cluster as StoreCluster } from '../../../compile/clickhouse/cluster.ts';
import { clickhouseMigration } from '../../../compile/clickhouse/migration.ts';
import type { FlinkJob } from '../../../compile/flink/job.ts';
import { MillraceError } from '../../../errors.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { ReachCrashPoint } from '../../../ports/crash-points.ts';
import { holds } from '../../apply-plan.ts';
import { distributedTables } from '../distributed-tables.ts';
import type { Applied, AppliedJob } from './applied.ts';
import { requireBegunWithLog, requireBegunWithOpen } from './begun-with-log.ts';
import type { Claim } from './claim.ts';
import { define } from './define.ts';
import { dropRollups } from './drop-rollups.ts';
import { dropWindows } from './drop-windows.ts';
import { fillRollup } from './fill-rollup.ts';
import { fillWindow } from './fill-window.ts';
import { fingerprintOf, fingerprintParameter } from './fingerprint.ts';
import type { History } from './history.ts';
import type { Cluster } from './look.ts';
import { makeRollup, optionsOf } from './make-rollup.ts';
import { makeWindow } from './make-window.ts';
import { standingRollups } from './rollup-version.ts';
import { showRollup } from './show-rollup.ts';
import { showWindow } from './show-window.ts';
import type { Step } from './step.ts';
import { standingWindows } from './window-version.ts';

export interface Performing extends Cluster {
  readonly claim: Claim;
  readonly kafka: KafkaAddress;
  readonly reach: ReachCrashPoint;
  /** Of the SQL Gateway. */
  readonly sqlGateway: string;
  /** Of the store's servers, where its tables are on several. */
  readonly storeCluster?: StoreCluster;
  /** Where savepoints are written; where Flink is told to by itself if left out. */
  readonly savepoints?: string;
  /** What replays read. */
  readonly history: History;
  /** Told how it goes on. */
  readonly tell: (sentence: string) => void;
  /** Told how many events a version of a rollup has, of those that it is filled with. */
  readonly onFill: (table: string, done: number, of: number) => void;
}

/** How long a job may take to restore its state and run. */
const runningMsMax = 180_000;

/**
 * Does one step. Killed at any moment, the next apply goes on from what was kept.
 *
 * @throws MillraceError `job_failed`, `job_not_resumed`, `flink_refused`, `plan_conflict`,
 *   `apply_in_progress`.
 */
export async function perform(step: Step, work: Performing): Promise<void> {
  work.claim.sure();
  switch (step.kind) {
    case 'create topic':
      return work.admin.create(step.topic);
    case 'configure topic':
      return work.admin.configure(step.topic.name, step.config);
    case 'change tables':
      return changeTables(step.before, step.after, work);
    case 'make rollup':
      return makeRollup(step, work);
    case 'fill rollup':
      return fillRollup(step.rollup, work);
    case 'show rollup':
      return showRollup(step.rollup, planIn(work), work);
    case 'drop rollups':
      return dropRollups(step.rollups, planIn(work), work);
    case 'make window':
      return makeWindow(step, work);
    case 'fill window':
      if (step.from === 'log') return requireBegunWithLog(step.window, work);
      await requireBegunWithOpen(step.window, work);
      return fillWindow(step.window, step.from, work);
    case 'show window':
      return showWindow(step.window, planIn(work), work);
    case 'drop windows':
      return dropWindows(step.windows, planIn(work), work);
    case 'start job':
      return startJob(step.job, null, work);
    case 'resume job':
      return startJob(step.job, step.from, work);
    case 'replace job':
      return replaceJob(step.job, step.running, work);
    case 'note job': {
      const { job, id, from } = step;
      return keepJob({ job, id, from, savepoint: null }, work);
    }
    case 'remove job':
      return removeJob(step.name, step.id, work);
    case 'refuse':
      throw new MillraceError(step.code, step.what);
  }
}

async function changeTables(before: Plan | null, after: Plan, work: Performing): Promise<void> {
  const { store, claim, clock, storeCluster } = work;
  const options = optionsOf(work);
  const rollups = standingRollups(claim.applied.rollups);
  const windows = standingWindows(claim.applied.windows);
  const migration = before && clickhouseMigration(before, after, { ...options, rollups, windows });
  for (const check of migration?.checks ?? []) await holds(check, store);
  await claim.keep({ ...claim.applied, begun: after });
  await define(migration?.statements ?? [], work);
  await define(distributedTables({ ...after, windows: [] }, storeCluster).withoutRollups, work);
  await define(migration?.cleanup ?? [], work);
  await claim.keep({
    ...keptLonger(claim.applied, before, after, clock),
    plan: after,
    begun: null,
  });
}

/** What was kept for a shorter time until now does not come back. */
function keptLonger(applied: Applied, before: Plan | null, after: Plan, clock: Clock): Applied {
  const keepMs = before?.keepMs ?? null;
  const goneMs = keepMs === null ? null : clock.now() - keepMs;
  const rollups = Object.entries(applied.rollups).map(([table, version]) => {
    const rollup = after.rollups.find((one) => one.table === table) ?? version.rollup;
    return [table, { ...version, rollup }] as const;
  });
  const windows = Object.entries(applied.windows).map(([table, version]) => {
    const window = after.windows.find((one) => one.table === table) ?? version.window;
    return [table, { ...version, window }] as const;
  });
  return {
    ...applied,
    rollups: Object.fromEntries(rollups),
    windows: Object.fromEntries(windows),
    eventsGoneBeforeMs:
      goneMs === null
        ? applied.eventsGoneBeforeMs
        : Math.max(goneMs, applied.eventsGoneBeforeMs ?? goneMs),
  };
}

function planIn({ claim }: Performing): Plan {
  const { plan } = claim.applied;
  if (plan === null) throw new Error('no plan was applied');
  return plan;
}

/** @param from the checkpoint or savepoint to go on from; null to begin anew. */
async function startJob(job: FlinkJob, from: string | null, work: Performing): Promise<void> {
  const id = await submit(job, from, work);
  try {
    await untilSound(id, job, work);
  } catch (error) {
    // What it had is where the next apply goes on; it is not left to fail on and on.
    if (isFailure(error)) await work.jobManager.cancel(id);
    throw error;
  }
}

const isFailure = (error: unknown): error is MillraceError =>
  error instanceof MillraceError && error.code !== 'flink_unavailable';

/** It runs, and has a checkpoint of its own to go on from. */
async function untilSound(id: string, job: FlinkJob, work: Performing): Promise<void> {
  work.tell(`${job.name} is submitted as ${id}, waiting until it runs`);
  await work.jobManager.untilRunning(id, runningMsMax);
  await work.jobManager.checkpoint(id);
}

/** Starts it, having kept before that it may have been started, and then that it was. */
async function submit(job: FlinkJob, from: string | null, work: Performing): Promise<string> {
  const before = work.claim.applied.jobs[job.name];
  await keepJob({ job, from, id: null, savepoint: null }, work);
  work.claim.sure();
  try {
    const id = await submitJob(work.sqlGateway, job, {
      'pipeline.global-job-parameters': `${fingerprintParameter}:${fingerprintOf(job)}`,
      ...(from === null ? {} : { 'execution.state-recovery.path': from }),
    });
    await keepJob({ job, from, id, savepoint: null }, work);
    return id;
  } catch (error) {
    // What Flink refused was not started; of anything else it is not known.
    if (error instanceof MillraceError && error.code === 'flink_refused')
      await keepJob(before, work, job.name);
    throw error;
  }
}

async function replaceJob(
  job: FlinkJob,
  running: AppliedJob & { readonly id: string },
  work: Performing,
): Promise<void> {
  const { jobManager, tell } = work;
  // What Flink does not understand is told while the job runs on.
  await explainJob(work.sqlGateway, job);
  work.claim.sure();
  const state = await endedState(running, work);
  await keepJob({ ...running, savepoint: state }, work);
  let id: string | undefined;
  try {
    id = await submit(job, state, work);
    await untilSound(id, job, work);
  } catch (error) {
    if (!isFailure(error)) throw error;
    tell(`${job.name} does not run changed: it is restarted as it was`);
    if (id !== undefined) await jobManager.cancel(id);
    const taken = id === undefined ? null : await jobManager.checkpointsOf(id);
    const from = taken?.last?.path ?? state;
    await startJob(running.job, from, work);
    throw new MillraceError(
      'job_not_resumed',
      `${job.name} could not be resumed changed: ${error.message}`,
      { cause: error },
    );
  }
}

/** Ends a job; where to go on from then. */
async function endedState(
  { job, id, from }: AppliedJob & { readonly id: string },
  { jobManager, savepoints, tell }: Performing,
): Promise<string | null> {
  if ((await jobManager.stateOf(id)) === 'RUNNING') {
    const savepoint = await jobManager.stopWithSavepoint(id, savepoints);
    tell(`${job.name} is stopped with the savepoint ${savepoint}`);
    return savepoint;
  }
  // One that does not come up takes no savepoint. It would go on from its last checkpoint.
  await jobManager.cancel(id);
  const checkpoints = await jobManager.checkpointsOf(id);
  const state = checkpoints?.last?.path ?? checkpoints?.restoredFrom ?? from;
  tell(`${job.name}, which did not come up, is cancelled; its state is ${state ?? 'none yet'}`);
  return state;
}

async function removeJob(name: string, id: string | null, work: Performing): Promise<void> {
  const kept = work.claim.applied.jobs[name];
  if (id !== null && kept !== undefined) await endedState({ ...kept, id }, work);
  await keepJob(undefined, work, name);
}

async function keepJob(
  kept: AppliedJob | undefined,
  { claim }: Performing,
  name: string = kept?.job.name ?? '',
): Promise<void> {
  const { [name]: _, ...others } = claim.applied.jobs;
  const jobs = kept === undefined ? others : { ...others, [name]: kept };
  await claim.keep({ ...claim.applied, jobs });
}

import { explainJob, submitJob } from '../../../adapters/flink/sql-gateway.ts';
import type { Cluster as StoreCluster } from '../../../compile/clickhouse/cluster.ts';
import { dropDeltas } from '../../../compile/clickhouse/deltas-table.ts';
import { clickhouseMigration } from '../../../compile/clickhouse/migration.ts';
import { dropResults } from '../../../compile/clickhouse/results-table.ts';
import {
  cutOffVersion,
  dropVersion,
  hideRollup,
} from '../../../compile/clickhouse/rollup-versions.ts';
import type { FlinkJob } from '../../../compile/flink/job.ts';
import { MillraceError } from '../../../errors.ts';
import type { Plan } from '../../../plan/plan.ts';
import { defineAll, holds } from '../../apply-plan.ts';
import { database } from '../../database.ts';
import { distributedTables } from '../distributed-tables.ts';
import type { AppliedJob } from './applied.ts';
import type { Claim } from './claim.ts';
import { fingerprintOf, fingerprintParameter } from './fingerprint.ts';
import type { Cluster } from './look.ts';
import type { Step } from './step.ts';

export interface Performing extends Cluster {
  readonly claim: Claim;
  /** Of the SQL Gateway. */
  readonly sqlGateway: string;
  /** Of the store's servers, where its tables are on several. */
  readonly storeCluster?: StoreCluster;
  /** Where savepoints are written; where Flink is told to by itself if left out. */
  readonly savepoints?: string;
  /** Told how it goes on. */
  readonly tell: (sentence: string) => void;
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
  const { store, claim, storeCluster } = work;
  const options = { database, ...(storeCluster ? { cluster: storeCluster } : {}) };
  const migration =
    before && clickhouseMigration(before, after, { ...options, rollups: before.rollups });
  for (const check of migration?.checks ?? []) await holds(check, store);
  await claim.keep({ ...claim.applied, begun: after });
  await defineAll(migration?.statements ?? [], store);
  await defineAll(distributedTables(after, storeCluster).statements, store);
  const gone = (before?.rollups ?? []).filter(
    ({ table }) => !after.rollups.some((rollup) => rollup.table === table),
  );
  for (const rollup of gone) {
    const isTaken = [...after.rollups, ...after.windows].some(({ name }) => name === rollup.name);
    await defineAll(isTaken ? [] : hideRollup(rollup, options), store);
    await defineAll(cutOffVersion(rollup, options), store);
    await defineAll(dropDeltas(rollup, options), store);
    await defineAll(dropVersion(rollup, options), store);
  }
  for (const window of before?.windows ?? []) {
    const isKept = after.windows.some(({ table }) => table === window.table);
    await defineAll(isKept ? [] : dropResults(window, options), store);
  }
  await defineAll(migration?.cleanup ?? [], store);
  await claim.keep({ ...claim.applied, plan: after, begun: null });
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

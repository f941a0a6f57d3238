import type { FlinkJob } from '../../../compile/flink/job.ts';
import { resultsTopicName } from '../../../compile/kafka/topics.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { Applied, AppliedJob } from './applied.ts';
import type { Actual, Desired, SeenJob } from './cluster.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Refusal, Step } from './step.ts';

/** What makes Flink run the jobs that it is to run, each going on from its own state. */
export const jobSteps = (desired: Desired, actual: Actual, applied: Applied): readonly Step[] =>
  desired.jobs.flatMap((job) => stepsOf(job, desired, actual, applied.jobs[job.name]));

/** What ends the jobs that it is not to run any more. */
export const removals = (desired: Desired, actual: Actual, applied: Applied): readonly Step[] =>
  Object.keys(applied.jobs)
    .filter((name) => desired.jobs.every((job) => job.name !== name))
    .flatMap((name) => removal(name, actual));

const stepsOf = (
  job: FlinkJob,
  { resume, plan }: Desired,
  actual: Actual,
  applied: AppliedJob | undefined,
): readonly Step[] => {
  const seen = actual.jobs.get(job.name) ?? [];
  const running = seen.filter(({ over }) => !over);
  const [one] = running;
  if (one === undefined)
    return [revival(job, seen, actual, applied, resume[job.name], beginningOf(job, plan))];
  if (running.length > 1) return [severalRun(job.name, running)];
  if (resume[job.name] !== undefined)
    return [
      conflict(
        `job ${job.name} runs (${one.id}), so it cannot be resumed from elsewhere`,
        'Leave out --resume, or cancel the job first.',
      ),
    ];
  return runningSteps(job, one, actual, applied);
};

const runningSteps = (
  job: FlinkJob,
  running: SeenJob,
  actual: Actual,
  applied: AppliedJob | undefined,
): readonly Step[] => {
  const wanted = fingerprintOf(job);
  if (running.fingerprint === wanted) {
    const isKept =
      applied?.id === running.id &&
      applied.savepoint === null &&
      fingerprintOf(applied.job) === wanted;
    if (isKept) return [];
    const what = `job ${job.name} runs as it should (${running.id}); no apply had noted it`;
    return [{ kind: 'note job', job, id: running.id, from: running.restoredFrom, what }];
  }
  if (applied === undefined || fingerprintOf(applied.job) !== running.fingerprint)
    return [
      conflict(
        `job ${job.name} runs (${running.id}), but not as Millrace started it: if it could not be resumed changed, it could not be restarted as it was`,
        'Stop it with a savepoint yourself, and apply with --resume JOB=SAVEPOINT.',
      ),
    ];
  if (shortens(applied.job, job) && actual.behindWindow)
    return [
      {
        kind: 'refuse',
        code: 'plan_conflict',
        what: `job ${job.name} has yet to read records older than the new, shorter dedup window: it would forget their ids before their copies come`,
        mend: 'Wait until it has caught up (`millrace status`), then apply again.',
      },
    ];
  return [
    {
      kind: 'replace job',
      job,
      running: { ...applied, id: running.id, savepoint: null },
      what: `job ${job.name}: stop with a savepoint, resume from it changed`,
      details: changesBetween(applied.job, job),
    },
  ];
};

/** What brings back a job that does not run. Never from nothing, if anything is behind it. */
const revival = (
  job: FlinkJob,
  seen: readonly SeenJob[],
  actual: Actual,
  applied: AppliedJob | undefined,
  given: string | undefined,
  beginning: string,
): Step => {
  if (given !== undefined) return resumed(job, given, 'as told');
  const forgotten = applied?.id != null && seen.every(({ id }) => id !== applied.id);
  const newest = forgotten ? undefined : seen.toSorted((a, b) => b.startedMs - a.startedMs)[0];
  if (newest?.goOnFrom != null)
    return resumed(job, newest.goOnFrom, `it is ${newest.state.toLowerCase()}`);
  if (forgotten && applied.savepoint !== null)
    return resumed(job, applied.savepoint, 'an apply stopped it');
  const left = forgotten ? actual.left.get(applied.id) : undefined;
  if (left !== undefined) return resumed(job, left, 'Flink forgot it');
  const cameToNothing = newest?.cameToNothing === true && newest.id === applied?.id;
  const isNew = job.writes.every((topic) => isEmpty(topic, actual));
  if (isNew || cameToNothing)
    return {
      kind: 'start job',
      job,
      what: `job ${job.name}: start, from ${beginning} of ${job.reads.join(', ')}`,
    };
  return {
    kind: 'refuse',
    code: 'job_state_unknown',
    what: `job ${job.name} does not run, its last checkpoint is not known, and there are records in ${job.writes.join(', ')}: from the beginning it would write them again`,
    mend: `Find its newest checkpoint or savepoint${applied?.from ? ` (it was resumed from ${applied.from} last)` : ''}, and apply with --resume ${job.name}=PATH.`,
  };
};

/** Where a job begins that has no state to go on from, for people. */
const beginningOf = ({ name, cut }: FlinkJob, plan: Plan): string => {
  if (cut === undefined) return 'the beginning';
  const isOfWindow = plan.windows.some((window) => resultsTopicName(window, plan) === name);
  return isOfWindow ? 'the windows that are open' : 'what is not stored yet';
};

const resumed = (job: FlinkJob, from: string, why: string): Step => ({
  kind: 'resume job',
  job,
  from,
  what: `job ${job.name}: resume from ${from} (${why})`,
});

const isEmpty = (topic: string, { topics }: Actual): boolean =>
  (topics.get(topic)?.ranges ?? []).every(({ end }) => end === 0);

const removal = (name: string, actual: Actual): readonly Step[] => {
  const running = (actual.jobs.get(name) ?? []).filter(({ over }) => !over);
  if (running.length > 1) return [severalRun(name, running)];
  const id = running[0]?.id ?? null;
  const what = `job ${name}: ${id === null ? 'forget' : 'stop with a savepoint'}, the pipeline has no use for it any more`;
  return [{ kind: 'remove job', name, id, what }];
};

const conflict = (what: string, mend: string): Refusal => ({
  kind: 'refuse',
  code: 'job_conflict',
  what,
  mend,
});

const severalRun = (name: string, running: readonly SeenJob[]): Refusal =>
  conflict(
    `${running.length} jobs run under the name ${name}: ${running.map(({ id }) => id).join(', ')}`,
    'Cancel all but the one whose state counts.',
  );

const lifetime = 'table.exec.state.ttl';

const shortens = (before: FlinkJob, after: FlinkJob): boolean =>
  Number.parseInt(after.settings[lifetime] ?? '', 10) <
  Number.parseInt(before.settings[lifetime] ?? '', 10);

const changesBetween = (before: FlinkJob, after: FlinkJob): readonly string[] => {
  const names = new Set([...Object.keys(before.settings), ...Object.keys(after.settings)]);
  const changed = [...names].filter((name) => before.settings[name] !== after.settings[name]);
  const sameSql = JSON.stringify(before.statements) === JSON.stringify(after.statements);
  return [
    ...changed.map(
      (name) => `${name}: ${before.settings[name] ?? 'unset'} → ${after.settings[name] ?? 'unset'}`,
    ),
    ...(sameSql ? [] : ['its SQL']),
  ];
};

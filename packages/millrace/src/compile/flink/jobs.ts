import type { Plan } from '../../plan/plan.ts';
import { dedupJob } from './dedup-job.ts';
import type { FlinkJob, FlinkSettings } from './job.ts';
import { rollupJobs } from './rollup-job.ts';
import { windowJobs } from './window-job.ts';

/** Every job that a plan needs, in the order in which events pass them. */
export const flinkJobs = (plan: Plan, settings: FlinkSettings): readonly FlinkJob[] => [
  dedupJob(plan, settings),
  ...rollupJobs(plan, settings),
  ...windowJobs(plan, settings),
];

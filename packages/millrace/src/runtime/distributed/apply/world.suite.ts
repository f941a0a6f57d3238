import { resultsTable } from '../../../compile/clickhouse/results-table.ts';
import { flinkJobs } from '../../../compile/flink/jobs.ts';
import { kafkaTopics } from '../../../compile/kafka/topics.ts';
import type { Pipeline } from '../../../define/pipeline.ts';
import { definePipeline, event, string } from '../../../index.ts';
import type { WindowPlan } from '../../../plan/plan.ts';
import { planOf } from '../../../plan/plan-of.ts';
import { type Applied, nothingApplied } from './applied.ts';
import { besideIn, withBeside } from './beside.ts';
import type { Actual, Desired, SeenJob } from './cluster.ts';
import { cutsOf } from './cuts-of.ts';
import { fingerprintOf } from './fingerprint.ts';
import { knownTo } from './known-to.ts';
import { newFill, withMade, withShown } from './rollup-version.ts';
import { without } from './stages.ts';
import type { Step } from './step.ts';
import { stepsTo } from './steps.ts';
import { tablesOf } from './table-steps.ts';
import { withWindowMade, withWindowShown } from './window-version.ts';

export const events = { view: event({ product_id: string() }) };
export const shop = definePipeline({ name: 'shop', events });

export interface Wish {
  readonly pipeline?: Pipeline;
  readonly partitions?: number;
  readonly replication?: number;
  readonly checkpointMs?: number;
  readonly resume?: Desired['resume'];
  readonly onSeveralServers?: boolean;
}

/** A cluster of which tests say what is in it, and what apply kept. */
export interface World {
  readonly actual: Actual;
  readonly applied: Applied;
}

export const emptyWorld: World = {
  actual: {
    topics: new Map(),
    jobs: new Map(),
    left: new Map(),
    tables: new Set(),
    events: 0,
    loaders: { running: 0, inserting: false, stored: [0, 0, 0, 0] },
    behindWindow: false,
  },
  applied: nothingApplied,
};

export const desired = (wish: Wish, { actual, applied }: World): Desired => {
  const { pipeline = shop, partitions = 4, replication = 3, checkpointMs = 3_000 } = wish;
  const plan = planOf(pipeline, knownTo(applied, 'to come'));
  const cut = actual.events === 0 ? null : actual.loaders.stored;
  const isLost = (table: string): boolean => actual.events === 0 && !actual.tables.has(table);
  const settings = { bootstrapServers: 'kafka:9092', parallelism: 2, checkpointMs };
  const beside = besideIn(plan, applied);
  const windowCuts = windowCutsIn(applied, actual.loaders.stored);
  const served = withBeside(plan, beside);
  return {
    ...{ plan, beside },
    topics: kafkaTopics(served, { partitions, replication }),
    jobs: flinkJobs(served, {
      ...settings,
      cuts: cutsOf({ plan, beside }, applied, { cut, isLost }, windowCuts),
    }),
    cut,
    windowCuts,
    onSeveralServers: wish.onSeveralServers ?? false,
    resume: wish.resume ?? {},
  };
};

export const stepsIn = (world: World, wish: Wish = {}): readonly Step[] =>
  stepsTo(desired(wish, world), world.actual, world.applied);

/** The world as it is once the steps were done. */
export const afterAll = (world: World, steps: readonly Step[]): World => steps.reduce(after, world);

/** What an apply makes of an empty world. */
export const appliedWorld = (wish: Wish = {}): World =>
  afterAll(emptyWorld, stepsIn(emptyWorld, wish));

export const withJobs = (world: World, name: string, jobs: readonly SeenJob[]): World => ({
  ...world,
  actual: { ...world.actual, jobs: new Map([...world.actual.jobs, [name, jobs]]) },
});

/** As if records had been written to each topic. */
export const withRecords = (world: World): World => ({
  ...world,
  actual: {
    ...world.actual,
    topics: new Map(
      [...world.actual.topics].map(([name, topic]) => [
        name,
        { ...topic, ranges: topic.ranges.map(() => ({ start: 0, end: 10 })) },
      ]),
    ),
  },
});

/** As if loaders had stored some of them. */
export const withEvents = (world: World, stored: readonly number[] = [5, 5, 5, 5]): World => ({
  ...world,
  actual: {
    ...world.actual,
    events: stored.reduce((sum, offset) => sum + offset, 0),
    loaders: { ...world.actual.loaders, stored },
  },
});

const nothingComputed = {
  ...{ events: 0, eventsDone: 0, doneToMs: 0, intent: null, emittedAtMs: 0 },
};

const windowCutsIn = ({ windows }: Applied, stored: readonly number[]): Desired['windowCuts'] => {
  const asked = Object.values(windows).filter(
    ({ stage, from }) => stage === 'asked' && from !== 'log',
  );
  return new Map(
    asked.map(({ window }) => [window.table, { toMs: 60_000, cut: stored, begins: stored }]),
  );
};

const tablesOfWindow = (window: WindowPlan): readonly string[] => [
  window.table,
  resultsTable(window, 'millrace').table,
];

let serial = 0;

const after = (world: World, step: Step): World => {
  const { actual, applied } = world;
  switch (step.kind) {
    case 'create topic': {
      const { name, partitions, replication, config } = step.topic;
      const ranges = Array.from({ length: partitions }, () => ({ start: 0, end: 0 }));
      const topic = { name, partitions, replication, config, ranges };
      return { applied, actual: { ...actual, topics: new Map([...actual.topics, [name, topic]]) } };
    }
    case 'configure topic': {
      const { name } = step.topic;
      const topic = actual.topics.get(name);
      if (topic === undefined) throw new Error(`${name} is not there`);
      const changed = { ...topic, config: { ...topic.config, ...step.config } };
      const topics = new Map([...actual.topics, [name, changed]]);
      return { applied, actual: { ...actual, topics } };
    }
    case 'change tables': {
      const tables = new Set([...actual.tables, ...tablesOf(step.after)]);
      const kept = { ...applied, plan: step.after, begun: null };
      return { applied: kept, actual: { ...actual, tables } };
    }
    case 'make rollup': {
      const { rollup, cut } = step;
      const tables = new Set([...actual.tables, rollup.table]);
      const fill = cut === null ? null : newFill(cut, actual.events);
      const rollups = withMade(applied.rollups, rollup, fill);
      return { actual: { ...actual, tables }, applied: { ...applied, rollups } };
    }
    case 'fill rollup': {
      const { table } = step.rollup;
      const version = applied.rollups[table];
      if (version?.stage !== 'filling') throw new Error(`${table} is not to be filled`);
      const rollups = { ...applied.rollups, [table]: { ...version, stage: 'filled' as const } };
      return { actual, applied: { ...applied, rollups } };
    }
    case 'show rollup': {
      const rollups = withShown(applied.rollups, step.rollup.table);
      return { actual, applied: { ...applied, rollups } };
    }
    case 'drop rollups': {
      const gone = step.rollups.map(({ table }) => table);
      const tables = new Set([...actual.tables].filter((name) => !gone.includes(name)));
      const rollups = without(applied.rollups, gone);
      return { actual: { ...actual, tables }, applied: { ...applied, rollups } };
    }
    case 'make window': {
      const { window, isFirst, cut } = step;
      const fill = cut && { ...cut, ...nothingComputed };
      const tables = new Set([...actual.tables, ...tablesOfWindow(window)]);
      const windows = withWindowMade(applied.windows, window, isFirst, fill);
      return { actual: { ...actual, tables }, applied: { ...applied, windows } };
    }
    case 'fill window': {
      const { table } = step.window;
      const version = applied.windows[table];
      if (version?.stage !== 'filling') throw new Error(`${table} is not to be filled`);
      const windows = { ...applied.windows, [table]: { ...version, stage: 'filled' as const } };
      return { actual, applied: { ...applied, windows } };
    }
    case 'show window': {
      const windows = withWindowShown(applied.windows, step.window.table);
      return { actual, applied: { ...applied, windows } };
    }
    case 'drop windows': {
      const gone = step.windows.flatMap(tablesOfWindow);
      const tables = new Set([...actual.tables].filter((name) => !gone.includes(name)));
      const windows = without(applied.windows, gone);
      return { actual: { ...actual, tables }, applied: { ...applied, windows } };
    }
    case 'start job':
      return started(world, step.job, null);
    case 'resume job':
      return started(world, step.job, step.from);
    case 'replace job': {
      const { name } = step.job;
      const jobs = (actual.jobs.get(name) ?? []).map((job) =>
        job.id === step.running.id
          ? { ...job, over: true, state: 'FINISHED', goOnFrom: `savepoint-of-${job.id}` }
          : job,
      );
      return started(withJobs(world, name, jobs), step.job, `savepoint-of-${step.running.id}`);
    }
    case 'note job': {
      const { job, id, from } = step;
      const jobs = { ...applied.jobs, [job.name]: { job, id, from, savepoint: null } };
      return { actual, applied: { ...applied, jobs } };
    }
    case 'remove job': {
      const { [step.name]: _, ...jobs } = applied.jobs;
      return withJobs({ actual, applied: { ...applied, jobs } }, step.name, []);
    }
    case 'refuse':
      throw new Error(`refused: ${step.what}`);
  }
};

const started = (world: World, job: Desired['jobs'][number], from: string | null): World => {
  serial += 1;
  const id = `job-${serial}`;
  const seen: SeenJob = {
    ...{ id, state: 'RUNNING', over: false, startedMs: serial },
    ...{ fingerprint: fingerprintOf(job), goOnFrom: from, restoredFrom: from },
    cameToNothing: from === null,
  };
  const { applied, actual } = world;
  const jobs = { ...applied.jobs, [job.name]: { job, id, from, savepoint: null } };
  return withJobs({ actual, applied: { ...applied, jobs } }, job.name, [
    ...(actual.jobs.get(job.name) ?? []),
    seen,
  ]);
};

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MillraceError } from '../../../errors.ts';
import {
  count,
  decimal,
  definePipeline,
  event,
  optional,
  quantiles,
  rollup,
  string,
  window,
} from '../../../index.ts';
import { afterForget, type ForgetChange } from '../forget/cluster-forgotten.ts';
import type { SeenJob } from './cluster.ts';
import { type ReplayOrder, withOrder } from './replay-order.ts';
import { loadedRollups } from './rollup-version.ts';
import type { Step } from './step.ts';
import { refusalsIn } from './steps.ts';
import { loadedWindows } from './window-version.ts';
import {
  afterAll,
  appliedWorld,
  desired,
  emptyWorld,
  events,
  shop,
  stepsIn,
  type Wish,
  type World,
  withEvents,
  withJobs,
  withRecords,
} from './world.suite.ts';

const kinds = (steps: readonly Step[]): readonly string[] => steps.map(({ kind }) => kind);
const refusals = (steps: readonly Step[]) =>
  steps.map((step) => (step.kind === 'refuse' ? `${step.code}: ${step.what}` : step.kind));

const wider = definePipeline({
  name: 'shop',
  events: { view: event({ product_id: string(), page: optional(string()) }) },
});
const narrower = definePipeline({ name: 'shop', events: { view: event({ page: string() }) } });
const byDay = (every: 'hour' | 'day' | 'month') =>
  rollup('by_day', { from: 'view', every, measures: { views: count() } });
const rolledUp = definePipeline({ name: 'shop', events, rollups: [byDay('day')] });
const byHour = definePipeline({ name: 'shop', events, rollups: [byDay('hour')] });
const withQuantiles = definePipeline({
  name: 'shop',
  events: { ...events, sale: event({ price: decimal(18, 2) }) },
  rollups: [
    rollup('middle', {
      ...{ from: 'sale', every: 'day' },
      measures: { price: quantiles('price', [0.5]) },
    }),
  ],
});
const busy = (tumbling: '1m' | '2m') =>
  definePipeline({
    ...{ name: 'shop', events },
    windows: [window('busy', { from: 'view', tumbling, measures: { n: count() } })],
  });
const busyMinutes = busy('1m');
const busyTwoMinutes = busy('2m');
const shortWindow = definePipeline({ name: 'shop', events, dedup: { window: '1h' } });

const dedup = 'shop.dedup';
const jobIn = (world: World): SeenJob => {
  const job = world.actual.jobs.get(dedup)?.at(-1);
  if (job === undefined) throw new Error('no job');
  return job;
};
const ended = (world: World, goOnFrom: string | null): World =>
  withJobs(world, dedup, [{ ...jobIn(world), over: true, state: 'CANCELED', goOnFrom }]);

describe('an apply', () => {
  test('makes everything of nothing, and then nothing', () => {
    const steps = stepsIn(emptyWorld);
    expect(kinds(steps)).toEqual([
      ...Array.from({ length: 5 }, () => 'create topic'),
      'change tables',
      'start job',
    ]);
    const world = afterAll(emptyWorld, steps);
    expect(stepsIn(world)).toEqual([]);
    expect(stepsIn(withRecords(world))).toEqual([]);
  });

  test('ends what another began', () => {
    const world = appliedWorld();
    const { plan } = appliedWorld({ pipeline: wider }).applied;
    const half = { ...world, applied: { ...world.applied, begun: plan } };
    expect(kinds(stepsIn(half, { pipeline: wider }))).toEqual(['change tables']);
    // The way back leads over it.
    const back = stepsIn(half, { pipeline: shop });
    expect(refusals(back)).toEqual([
      'change tables',
      expect.stringContaining('plan_conflict: events.view.page'),
    ]);
  });
});

describe('topics', () => {
  test.each([
    [3, 'cannot take partitions away'],
    [5, 'keys of events would move'],
  ])('keep their number of partitions: not %i', (partitions, why) => {
    const steps = stepsIn(appliedWorld(), { partitions });
    expect(refusals(steps)).toEqual(
      ['raw', 'clean']
        .map((name) =>
          expect.stringMatching(new RegExp(`^topic_conflict: topic shop.${name} .*${why}`)),
        )
        .concat(expect.stringContaining('shop.dead_letters')),
    );
    expect(refusalsIn(steps)[0]?.mend).toBe('Give --partitions 4.');
  });

  test('keep their number of replicas', () => {
    const [first] = refusals(stepsIn(appliedWorld(), { replication: 2 }));
    expect(first).toContain('topic_conflict: topic shop.raw has 3 replica(s), not 2');
  });

  test('get the settings that they lack, but none that deletes sooner', () => {
    const world = appliedWorld();
    const raw = world.actual.topics.get('shop.raw');
    if (raw === undefined) throw new Error('no topic');
    const having = (config: { readonly [name: string]: string }): World => {
      const topic = { ...raw, config: { ...raw.config, ...config } };
      const topics = new Map([...world.actual.topics, ['shop.raw', topic]]);
      return { ...world, actual: { ...world.actual, topics } };
    };
    expect(stepsIn(having({ 'cleanup.policy': 'compact', 'retention.ms': '1' }))).toMatchObject([
      { kind: 'configure topic', config: { 'cleanup.policy': 'delete' } },
    ]);
    expect(refusals(stepsIn(having({ 'retention.ms': '-1' })))).toEqual([
      expect.stringContaining('topic_conflict: topic shop.raw keeps more than is asked for'),
    ]);
  });
});

describe('tables', () => {
  test('follow the definition while nobody loads', () => {
    const world = appliedWorld();
    expect(stepsIn(world, { pipeline: wider })).toMatchObject([
      { kind: 'change tables', details: [expect.stringContaining('events.view.page')] },
    ]);
    const loading = (loaders: World['actual']['loaders']): World => ({
      ...world,
      actual: { ...world.actual, loaders },
    });
    expect(
      refusals(stepsIn(loading({ running: 2, inserting: false, stored: [] }), { pipeline: wider })),
    ).toEqual([expect.stringContaining('loaders_running: 2 loader(s)')]);
    expect(
      refusals(stepsIn(loading({ running: 0, inserting: true, stored: [] }), { pipeline: wider })),
    ).toEqual([expect.stringContaining('loaders_running: A loader died')]);
    // What no table knows of may change at any time.
    const late = definePipeline({ name: 'shop', events, lateness: '1m' });
    const busy = loading({ running: 2, inserting: false, stored: [] });
    expect(kinds(stepsIn(busy, { pipeline: late }))).toEqual(['change tables']);
  });

  test('lose no stored property', () => {
    expect(refusals(stepsIn(appliedWorld(), { pipeline: narrower }))).toEqual([
      expect.stringContaining('plan_conflict: events.view.product_id'),
    ]);
  });

  test('of which nothing is known are left alone', () => {
    const tables = new Set(['events']);
    const world = { ...emptyWorld, actual: { ...emptyWorld.actual, tables } };
    expect(refusals(stepsIn(world))).toContainEqual(
      expect.stringContaining('plan_conflict: The store has events, of which no apply knows'),
    );
  });
});

const doing = (steps: readonly Step[]): readonly string[] =>
  steps.map((step) => {
    if ('rollup' in step) return `${step.kind} ${step.rollup.table}`;
    if ('window' in step) return `${step.kind} ${step.window.table}`;
    if (step.kind === 'drop rollups')
      return `${step.kind} ${step.rollups.map(({ table }) => table)}`;
    return step.kind === 'drop windows'
      ? `${step.kind} ${step.windows.map(({ table }) => table)}`
      : step.kind;
  });

describe('a rollup', () => {
  const loading = (world: World, loaders: Partial<World['actual']['loaders']>): World => ({
    ...world,
    actual: { ...world.actual, loaders: { ...world.actual.loaders, ...loaders } },
  });
  /** What is left when an apply ended after some of the steps. */
  const left = (world: World, steps: readonly Step[], after: Step['kind'], wish: Wish) => {
    const at = steps.findIndex(({ kind }) => kind === after);
    return doing(stepsIn(afterAll(world, steps.slice(0, at + 1)), wish));
  };

  test('that is there before the first event is shown at once', () => {
    const world = appliedWorld();
    expect(doing(stepsIn(world, { pipeline: rolledUp }))).toEqual([
      ...['create topic', 'change tables', 'make rollup by_day__v1', 'start job'],
    ]);
  });

  test('that is new is filled with what is stored, and its job reads what is not', () => {
    const world = withEvents(appliedWorld(), [5, 0, 7, 1]);
    const steps = stepsIn(loading(world, { running: 2 }), { pipeline: rolledUp });
    expect(doing(steps)).toEqual([
      ...['create topic', 'change tables', 'make rollup by_day__v1', 'start job'],
      ...['fill rollup by_day__v1', 'show rollup by_day__v1'],
    ]);
    const start = steps.find((step) => step.kind === 'start job');
    expect(start?.job.statements[0]).toContain(
      'partition:0,offset:5;partition:1,offset:0;partition:2,offset:7;partition:3,offset:1',
    );
    // What comes later changes neither its cut nor its job.
    const made = withEvents(afterAll(world, steps.slice(0, 4)), [9, 9, 9, 9]);
    expect(doing(stepsIn(made, { pipeline: rolledUp }))).toEqual([
      ...['fill rollup by_day__v1', 'show rollup by_day__v1'],
    ]);
  });

  test('that changed is filled beside the one before, which goes when it is shown', () => {
    const world = withEvents(appliedWorld({ pipeline: rolledUp }));
    const wish = { pipeline: byHour };
    const steps = stepsIn(world, wish);
    const rest = ['remove job', 'drop rollups by_day__v1'];
    expect(doing(steps)).toEqual([
      ...['create topic', 'change tables', 'make rollup by_day__v2', 'start job'],
      ...['fill rollup by_day__v2', 'show rollup by_day__v2', ...rest],
    ]);
    expect(left(world, steps, 'fill rollup', wish)).toEqual(['show rollup by_day__v2', ...rest]);
    expect(left(world, steps, 'show rollup', wish)).toEqual(rest);
    const done = afterAll(world, steps);
    expect(stepsIn(done, wish)).toEqual([]);
    expect(Object.keys(done.applied.rollups)).toEqual(['by_day__v2']);
    expect(Object.keys(done.applied.jobs)).toEqual(['shop.dedup', 'shop.by_day__v2']);
  });

  test('that is made anew in a store that was lost has a job that begins where that is', () => {
    const stored = withEvents(appliedWorld());
    const wish = { pipeline: rolledUp };
    const made = afterAll(stored, stepsIn(stored, wish));
    const lost = { ...made, actual: { ...made.actual, tables: new Set<string>(), events: 0 } };
    const anew = afterAll(lost, stepsIn(lost, wish));
    expect(stepsIn(anew, wish)).toEqual([]);
    expect(anew.applied.jobs['shop.by_day__v1']?.job.cut).toBeUndefined();
  });

  test('that changes again before it is shown goes on with the one that is', () => {
    const world = withEvents(appliedWorld({ pipeline: rolledUp }));
    const half = afterAll(world, stepsIn(world, { pipeline: byHour }).slice(0, 5));
    expect(doing(stepsIn(half, { pipeline: rolledUp }))).toEqual([
      ...['change tables', 'remove job', 'drop rollups by_day__v2'],
    ]);
    const third = definePipeline({ name: 'shop', events, rollups: [byDay('month')] });
    expect(doing(stepsIn(half, { pipeline: third }))).toContain('make rollup by_day__v3');
  });

  test('that a view fills is made and filled while nobody loads, and made anew if somebody did', () => {
    const world = withEvents(appliedWorld());
    const wish = { pipeline: withQuantiles };
    expect(refusals(stepsIn(loading(world, { running: 1 }), wish))).toContainEqual(
      expect.stringContaining('loaders_running: 1 loader(s)'),
    );
    const steps = stepsIn(world, wish);
    const all = ['make rollup middle__v1', 'fill rollup middle__v1', 'show rollup middle__v1'];
    expect(doing(steps)).toEqual(['change tables', ...all]);
    const made = afterAll(world, steps.slice(0, 2));
    expect(doing(stepsIn(made, wish))).toEqual(all.slice(1));
    expect(refusals(stepsIn(loading(made, { running: 1 }), wish))).toContainEqual(
      expect.stringContaining('loaders_running'),
    );
    expect(doing(stepsIn(withEvents(made, [5, 5, 5, 6]), wish))).toEqual(all);
  });

  const wish = { pipeline: rolledUp };
  const order = (world: World, given: ReplayOrder): World => ({
    ...world,
    applied: withOrder(given, desired(wish, world).plan, world.applied),
  });
  const start: ReplayOrder = { kind: 'start', rollups: ['by_day'], windows: [], from: 'log' };
  const replay = (world: World): World => {
    const asked = order(world, start);
    return afterAll(asked, stepsIn(asked, wish));
  };
  const stages = ({ applied }: World): readonly string[] =>
    Object.entries(applied.rollups).map(([table, { stage }]) => `${table} ${stage}`);

  test('that is replayed is made beside the one that readers see, which is kept and loaded', () => {
    const world = withEvents(appliedWorld(wish), [5, 0, 7, 1]);
    const asked = order(world, start);
    const steps = stepsIn(loading(asked, { running: 2 }), wish);
    expect(doing(steps)).toEqual([
      ...['create topic', 'change tables', 'make rollup by_day__v2', 'start job'],
      ...['fill rollup by_day__v2', 'show rollup by_day__v2'],
    ]);
    expect(steps[4]?.what).toBe(
      'rollup by_day v2: fill it from the log; version 1 answers until then',
    );
    const begun = afterAll(asked, steps.slice(0, 4));
    expect(stages(begun)).toEqual(['by_day__v1 shown', 'by_day__v2 filling']);
    // Whatever died, it goes on; the same order again changes nothing, another is refused.
    expect(doing(stepsIn(order(begun, start), wish))).toEqual(doing(steps.slice(4)));
    expect(() => order(begun, { ...start, from: 'events' })).toThrow(
      expect.objectContaining({ code: 'replay_conflict' }),
    );
    const done = afterAll(begun, steps.slice(4));
    expect(stages(done)).toEqual(['by_day__v1 kept', 'by_day__v2 shown']);
    expect(loadedRollups(done.applied.rollups)).toHaveLength(2);
    expect(stepsIn(done, wish)).toEqual([]);
    expect(Object.keys(done.applied.jobs)).toEqual([
      ...['shop.dedup', 'shop.by_day__v1', 'shop.by_day__v2'],
    ]);
    // The job of the one that is kept goes on, too.
    const [job = expect.fail('no job')] = done.actual.jobs.get('shop.by_day__v1') ?? [];
    const dead = withJobs(done, 'shop.by_day__v1', [{ ...job, over: true, goOnFrom: 'chk-3' }]);
    expect(stepsIn(dead, wish)).toMatchObject([{ kind: 'resume job', from: 'chk-3' }]);
  });

  test('that was replayed can be gone back to and forth, until it goes', () => {
    const done = replay(withEvents(appliedWorld(wish)));
    const back = order(done, { kind: 'back', name: 'by_day' });
    const steps = stepsIn(back, wish);
    expect(doing(steps)).toEqual(['change tables', 'show rollup by_day__v1']);
    const before = afterAll(back, steps);
    expect(stages(before)).toEqual(['by_day__v1 shown', 'by_day__v2 kept']);
    expect(stepsIn(before, wish)).toEqual([]);
    const dropped = order(before, { kind: 'drop', name: 'by_day' });
    const drops = ['remove job', 'drop rollups by_day__v2'];
    expect(doing(stepsIn(dropped, wish))).toEqual(drops);
    const alone = afterAll(dropped, stepsIn(dropped, wish));
    expect(stages(alone)).toEqual(['by_day__v1 shown']);
    expect(() => order(alone, { kind: 'back', name: 'by_day' })).toThrow(
      expect.objectContaining({ code: 'replay_conflict' }),
    );
    // A number that was given once is not given again.
    expect(stages(replay(alone))).toEqual(['by_day__v1 kept', 'by_day__v3 shown']);
    // The next replay, or another definition, takes the place of what is kept.
    expect(stages(replay(done))).toEqual(['by_day__v2 kept', 'by_day__v3 shown']);
    const changed = afterAll(done, stepsIn(done, { pipeline: byHour }));
    expect(stages(changed)).toEqual(['by_day__v3 shown']);
    expect(Object.keys(changed.applied.jobs)).toEqual(['shop.dedup', 'shop.by_day__v3']);
  });

  test('that readers are on the way back to is not taken for one that is made anew', () => {
    const back: ReplayOrder = { kind: 'back', name: 'by_day' };
    const once = order(replay(withEvents(appliedWorld(wish))), back);
    const before = afterAll(once, stepsIn(once, wish));
    // Killed before readers see it: the one on the way was made from the same source.
    const half = order(before, back);
    expect(stages(half)).toEqual(['by_day__v1 shown', 'by_day__v2 returning']);
    for (const from of ['log', 'events'] as const)
      expect(() => order(half, { ...start, from })).toThrow(
        expect.objectContaining({
          ...{ code: 'replay_conflict' },
          message: expect.stringContaining('going back to version 2 of the rollup by_day'),
        }),
      );
    // The same again goes on, and it is loaded all the while.
    const rest = ['change tables', 'show rollup by_day__v2'];
    expect(doing(stepsIn(order(half, back), wish))).toEqual(rest);
    expect(loadedRollups(half.applied.rollups)).toHaveLength(2);
    const dropped = order(half, { kind: 'drop', name: 'by_day' });
    expect(stages(afterAll(dropped, stepsIn(dropped, wish)))).toEqual(['by_day__v1 shown']);
  });

  test('that is being made is neither gone back from nor dropped where its definition asks for it', () => {
    const asked = order(replay(withEvents(appliedWorld(wish))), start);
    expect(() => order(asked, { kind: 'back', name: 'by_day' })).toThrow(
      expect.objectContaining({
        ...{ code: 'replay_conflict' },
        message: expect.stringContaining('version 3 of the rollup by_day from the log'),
      }),
    );
    const world = withEvents(appliedWorld(wish));
    const changing = { pipeline: byHour };
    const half = afterAll(world, stepsIn(world, changing).slice(0, 4));
    const { plan } = desired(changing, half);
    for (const given of [start, { kind: 'drop', name: 'by_day' } as const])
      expect(() => withOrder(given, plan, half.applied)).toThrow(
        expect.objectContaining({
          ...{ code: 'replay_conflict' },
          message: expect.stringContaining('version 2 of the rollup by_day, as it is defined now'),
        }),
      );
  });

  test('whose replay is given up, or whose definition changes meanwhile, answers as before', () => {
    const asked = order(withEvents(appliedWorld(wish)), start);
    const begun = afterAll(asked, stepsIn(asked, wish).slice(0, 4));
    const dropped = order(begun, { kind: 'drop', name: 'by_day' });
    const steps = stepsIn(dropped, wish);
    expect(doing(steps)).toEqual(['change tables', 'remove job', 'drop rollups by_day__v2']);
    expect(stages(afterAll(dropped, steps))).toEqual(['by_day__v1 shown']);
    const changed = afterAll(begun, stepsIn(begun, { pipeline: byHour }));
    expect(stages(changed)).toEqual(['by_day__v3 shown']);
  });

  test.each([
    ['not_found', { ...start, rollups: ['nothing'] }],
    ['not_found', { kind: 'back', name: 'nothing' }],
    ['replay_conflict', { kind: 'back', name: 'by_day' }],
    ['replay_conflict', { kind: 'drop', name: 'by_day' }],
  ] as const)('is not replayed: %s', (code, given) => {
    const world = withEvents(appliedWorld(wish));
    expect(() => order(world, given)).toThrow(expect.objectContaining({ code }));
  });

  test('is not replayed while something else is to be applied, nor without events', () => {
    const world = withEvents(appliedWorld(wish));
    const { plan } = desired({ pipeline: byHour }, world);
    expect(() => withOrder(start, plan, world.applied)).toThrow(
      expect.objectContaining({ code: 'replay_conflict' }),
    );
    expect(refusals(stepsIn(order(appliedWorld(wish), start), wish))).toContainEqual(
      expect.stringContaining('replay_conflict: rollups.by_day: the store has no events yet'),
    );
  });

  test('is not filled on several servers, and not made again in place of one that was lost', () => {
    const spread = { pipeline: rolledUp, onSeveralServers: true };
    expect(refusals(stepsIn(withEvents(appliedWorld()), spread))).toContainEqual(
      expect.stringContaining('plan_conflict: rollups.by_day: the store has events, and is on'),
    );
    const world = withEvents(appliedWorld({ pipeline: rolledUp }));
    const tables = new Set([...world.actual.tables].filter((name) => name !== 'by_day__v1'));
    const lost = { ...world, actual: { ...world.actual, tables } };
    expect(refusals(stepsIn(lost, { pipeline: rolledUp }))).toEqual([
      expect.stringContaining('plan_conflict: rollups.by_day: the store lacks by_day__v1'),
    ]);
    const replayed = replay(lost);
    expect(stages(replayed)).toEqual(['by_day__v1 kept', 'by_day__v2 shown']);
    expect(stepsIn(replayed, wish)).toEqual([]);
  });
});

describe('a window', () => {
  const wish = { pipeline: busyMinutes };
  const start: ReplayOrder = { kind: 'start', rollups: [], windows: ['busy'], from: 'log' };
  const order = (world: World, given: ReplayOrder): World => ({
    ...world,
    applied: withOrder(given, desired(wish, world).plan, world.applied),
  });
  const replay = (world: World): World => {
    const asked = order(world, start);
    return afterAll(asked, stepsIn(asked, wish));
  };
  const stages = ({ applied }: World): readonly string[] =>
    Object.entries(applied.windows).map(([table, { stage }]) => `${table} ${stage}`);
  const stored = withEvents(appliedWorld(wish));

  test('that is new is shown at once, whatever is stored', () => {
    for (const world of [appliedWorld(), withEvents(appliedWorld())]) {
      const steps = stepsIn(world, wish);
      expect(doing(steps)).toEqual([
        ...['create topic', 'change tables', 'make window busy__v1', 'start job'],
      ]);
      const done = afterAll(world, steps);
      expect(stages(done)).toEqual(['busy__v1 shown']);
      expect(stepsIn(done, wish)).toEqual([]);
    }
  });

  test('that changed is computed beside the one before, while loaders run', () => {
    const loaders = { ...stored.actual.loaders, running: 2 };
    const world = { ...stored, actual: { ...stored.actual, loaders } };
    const changing = { pipeline: busyTwoMinutes };
    const steps = stepsIn(world, changing);
    expect(doing(steps)).toEqual([
      ...['create topic', 'change tables', 'make window busy__v2', 'start job'],
      ...['show window busy__v2', 'remove job', 'drop windows busy__v1'],
    ]);
    const half = afterAll(world, steps.slice(0, 4));
    expect(stages(half)).toEqual(['busy__v1 shown', 'busy__v2 filled']);
    expect(loadedWindows(half.applied.windows)).toHaveLength(2);
    expect(doing(stepsIn(half, changing))).toEqual(doing(steps.slice(4)));
    const done = afterAll(half, steps.slice(4));
    expect(stages(done)).toEqual(['busy__v2 shown']);
    expect(stepsIn(done, changing)).toEqual([]);
    // Without events there is nothing to wait for.
    expect(doing(stepsIn(appliedWorld(wish), changing))).not.toContain('show window busy__v2');
  });

  test('that is replayed is made beside the one that readers see, which is kept and loaded', () => {
    const asked = order(stored, start);
    const steps = stepsIn(asked, wish);
    expect(doing(steps)).toEqual([
      ...['create topic', 'change tables', 'make window busy__v2', 'start job'],
      ...['fill window busy__v2', 'show window busy__v2'],
    ]);
    expect(steps[4]?.what).toBe(
      'window busy v2: fill it from the log; version 1 answers until then',
    );
    const begun = afterAll(asked, steps.slice(0, 4));
    expect(stages(begun)).toEqual(['busy__v1 shown', 'busy__v2 filling']);
    expect(loadedWindows(begun.applied.windows)).toHaveLength(1);
    expect(doing(stepsIn(order(begun, start), wish))).toEqual(doing(steps.slice(4)));
    const done = afterAll(begun, steps.slice(4));
    expect(stages(done)).toEqual(['busy__v1 kept', 'busy__v2 shown']);
    expect(loadedWindows(done.applied.windows)).toHaveLength(2);
    expect(stepsIn(done, wish)).toEqual([]);
    expect(Object.keys(done.applied.jobs)).toEqual([
      'shop.dedup',
      'shop.busy__v1',
      'shop.busy__v2',
    ]);
    // Alerts go on where they were, so they have to know what the definition made.
    expect(Object.values(done.applied.windows).map(({ definedAs }) => definedAs)).toEqual([
      ...['busy__v1', 'busy__v1'],
    ]);
  });

  test.each([
    ['archive', 'the archive, and the log behind it'],
    ['events', 'the events that are stored'],
  ] as const)(
    'that is replayed from the %s has a job that begins where the others do',
    (from, what) => {
      const world = withEvents(appliedWorld(wish), [5, 0, 7, 1]);
      const asked = order(world, { ...start, from });
      const steps = stepsIn(asked, wish);
      expect(doing(steps).slice(2)).toEqual([
        ...['make window busy__v2', 'start job', 'fill window busy__v2', 'show window busy__v2'],
      ]);
      expect(steps[4]?.what).toBe(
        `window busy v2: fill it from ${what}; version 1 answers until then`,
      );
      const started = steps.find((step) => step.kind === 'start job');
      expect(started?.job.statements[0]).toContain(
        'partition:0,offset:5;partition:1,offset:0;partition:2,offset:7;partition:3,offset:1',
      );
      // What comes later changes neither its cut nor its job.
      const begun = withEvents(afterAll(asked, steps.slice(0, 4)), [9, 9, 9, 9]);
      expect(doing(stepsIn(begun, wish))).toEqual(doing(steps.slice(4)));
      const done = afterAll(begun, steps.slice(4));
      expect(stages(done)).toEqual(['busy__v1 kept', 'busy__v2 shown']);
      expect(stepsIn(done, wish)).toEqual([]);
      const spread = { ...wish, onSeveralServers: true };
      expect(refusals(stepsIn(asked, spread))).toContainEqual(
        expect.stringContaining('plan_conflict: windows.busy: the store is on several servers'),
      );
    },
  );

  test('that was replayed can be gone back to and forth, until it goes', () => {
    const done = replay(stored);
    const back = order(done, { kind: 'back', name: 'busy' });
    expect(doing(stepsIn(back, wish))).toEqual(['change tables', 'show window busy__v1']);
    // The same again goes on, another order is refused.
    expect(order(back, { kind: 'back', name: 'busy' })).toEqual(back);
    expect(() => order(back, start)).toThrow(
      expect.objectContaining({
        ...{ code: 'replay_conflict' },
        message: expect.stringContaining('going back to version 1 of the window busy'),
      }),
    );
    const before = afterAll(back, stepsIn(back, wish));
    expect(stages(before)).toEqual(['busy__v1 shown', 'busy__v2 kept']);
    const dropped = order(before, { kind: 'drop', name: 'busy' });
    expect(doing(stepsIn(dropped, wish))).toEqual(['remove job', 'drop windows busy__v2']);
    const alone = afterAll(dropped, stepsIn(dropped, wish));
    expect(stages(alone)).toEqual(['busy__v1 shown']);
    // A number that was given once is not given again; the next replay takes the place of what is kept.
    expect(stages(replay(alone))).toEqual(['busy__v1 kept', 'busy__v3 shown']);
    expect(stages(replay(done))).toEqual(['busy__v2 kept', 'busy__v3 shown']);
    const changing = { pipeline: busyTwoMinutes };
    expect(stages(afterAll(done, stepsIn(done, changing)))).toEqual(['busy__v3 shown']);
    expect(stages(afterAll(done, stepsIn(done, { pipeline: shop })))).toEqual([]);
  });

  test('whose replay is given up, or whose definition changes meanwhile, answers as before', () => {
    const asked = order(stored, start);
    const begun = afterAll(asked, stepsIn(asked, wish).slice(0, 4));
    const dropped = order(begun, { kind: 'drop', name: 'busy' });
    const steps = stepsIn(dropped, wish);
    expect(doing(steps)).toEqual(['change tables', 'remove job', 'drop windows busy__v2']);
    expect(stages(afterAll(dropped, steps))).toEqual(['busy__v1 shown']);
    const changing = { pipeline: busyTwoMinutes };
    expect(stages(afterAll(begun, stepsIn(begun, changing)))).toEqual(['busy__v3 shown']);
  });

  test('of which tables are lost is made anew by a replay', () => {
    const tables = new Set([...stored.actual.tables].filter((name) => name !== 'busy__v1'));
    const lost = { ...stored, actual: { ...stored.actual, tables } };
    expect(refusals(stepsIn(lost, wish))).toEqual([
      expect.stringContaining('plan_conflict: windows.busy: the store lacks busy__v1'),
    ]);
    expect(stages(replay(lost))).toEqual(['busy__v1 kept', 'busy__v2 shown']);
  });

  test.each([
    ['not_found', { ...start, windows: ['nothing'] }],
    ['not_found', { ...start, rollups: ['busy'], windows: [] }],
    ['replay_conflict', { kind: 'back', name: 'busy' }],
    ['replay_conflict', { kind: 'drop', name: 'busy' }],
  ] as const)('is not replayed: %s', (code, given) => {
    expect(() => order(stored, given)).toThrow(expect.objectContaining({ code }));
  });

  test('is not replayed without events', () => {
    expect(refusals(stepsIn(order(appliedWorld(wish), start), wish))).toContainEqual(
      expect.stringContaining('replay_conflict: windows.busy: the store has no events yet'),
    );
  });
});

describe('who is forgotten', () => {
  const receipt = {
    ...{ id: 'o', ordered_at: '', done_at: '', events: 2, dead_letters: 0, archived: null },
    ...{ rollups: [], rebuilt: [], rows_removed_from: [], log_until: null },
  };
  const order = {
    ...{ id: 'o', person: { userId: 'u1', anonymousId: null }, orderedAtMs: 0, hasArchive: false },
    ...{ lettersBefore: [], cut: null, found: null, removed: false, archivedTo: [] },
  };
  const withForgotten = (world: World, ...changes: readonly ForgetChange[]): World => ({
    ...world,
    applied: {
      ...world.applied,
      forgotten: changes.reduce(afterForget, world.applied.forgotten),
    },
  });
  const windowBy = (by: 'user_id' | 'product_id') =>
    definePipeline({
      ...{ name: 'shop', events },
      windows: [
        window('busy', { ...{ from: 'view', tumbling: '1m', by: [by] }, measures: { n: count() } }),
      ],
    });
  const atRest = withRecords(withEvents(appliedWorld()));

  test('is not missed by a rollup that is made meanwhile', () => {
    const removing = withForgotten(atRest, { kind: 'forget', order });
    expect(refusals(refusalsIn(stepsIn(removing, { pipeline: rolledUp })))).toEqual([
      'forget_conflict: The order o to forget a person is under way: what is made now would have their events',
    ]);
    // What is applied already goes on, and so does everything once the store has nothing of them.
    expect(stepsIn(removing)).toEqual([]);
    const removed = withForgotten(atRest, { kind: 'forget', order: { ...order, removed: true } });
    expect(refusalsIn(stepsIn(removed, { pipeline: rolledUp }))).toEqual([]);
  });

  test('does not come back under their id in a window whose job would read what was forgotten', () => {
    const offsets = (at: number): ForgetChange => ({
      ...{ kind: 'forgotten', order: null, partition: 1, ranges: [[at, at + 1]] },
    });
    const names = (world: World, by: 'user_id' | 'product_id') =>
      refusalsIn(stepsIn(world, { pipeline: windowBy(by) })).map(({ code }) => code);
    const since = { kind: 'receipt', receipt } as const;
    const forgotten = withForgotten(atRest, offsets(5), since);
    expect(names(forgotten, 'user_id')).toEqual(['forget_conflict']);
    expect(names(forgotten, 'product_id')).toEqual([]);
    expect(names(atRest, 'user_id')).toEqual([]);
    // The log has dropped it.
    const topics = new Map(
      [...atRest.actual.topics].map(([name, topic]) => [
        name,
        { ...topic, ranges: topic.ranges.map(() => ({ start: 6, end: 10 })) },
      ]),
    );
    const later = { ...forgotten, actual: { ...forgotten.actual, topics } };
    expect(names(later, 'user_id')).toEqual([]);
  });

  test('does not come back in a replay, whatever its window is by', () => {
    const wish = { pipeline: busyMinutes };
    const world = withRecords(withEvents(appliedWorld(wish), [5, 5, 5, 5]));
    const replayed = (from: 'events' | 'log', at: number) => {
      const forgotten = withForgotten(world, {
        ...{ kind: 'forgotten', order: null, partition: 1, ranges: [[at, at + 1]] },
      });
      const order: ReplayOrder = { kind: 'start', rollups: [], windows: ['busy'], from };
      const applied = withOrder(order, desired(wish, forgotten).plan, forgotten.applied);
      return refusalsIn(stepsIn({ ...forgotten, applied }, wish)).map(({ code }) => code);
    };
    expect(replayed('log', 3)).toEqual(['forget_conflict']);
    // Its job begins behind that, and nothing else reads it.
    expect(replayed('events', 3)).toEqual([]);
    expect(replayed('events', 5)).toEqual(['forget_conflict']);
  });
});

describe('a job', () => {
  test('that changed is stopped and resumed', () => {
    const [step] = stepsIn(withRecords(appliedWorld()), { checkpointMs: 5_000 });
    expect(step).toMatchObject({
      kind: 'replace job',
      details: ['execution.checkpointing.interval: 3000 ms → 5000 ms'],
    });
  });

  test('goes on from its newest state when it has ended', () => {
    const world = withRecords(appliedWorld());
    expect(stepsIn(ended(world, 'chk-7'))).toMatchObject([{ kind: 'resume job', from: 'chk-7' }]);
    const unknown = { ...jobIn(world), over: true, goOnFrom: null, cameToNothing: false };
    expect(refusals(stepsIn(withJobs(world, dedup, [unknown])))).toEqual([
      expect.stringContaining('job_state_unknown'),
    ]);
  });

  test('that Flink forgot goes on from what it left', () => {
    const world = withJobs(withRecords(appliedWorld()), dedup, []);
    const { id = '' } = world.applied.jobs[dedup] ?? {};
    const left = new Map([[id ?? '', 'file:/c/chk-9']]);
    const found = { ...world, actual: { ...world.actual, left } };
    expect(stepsIn(found)).toMatchObject([{ kind: 'resume job', from: 'file:/c/chk-9' }]);
    const kept = world.applied.jobs[dedup];
    if (kept === undefined) throw new Error('no job');
    const jobs = { [dedup]: { ...kept, savepoint: 'savepoint-1' } };
    const stopped = { ...world, applied: { ...world.applied, jobs } };
    expect(stepsIn(stopped)).toMatchObject([{ kind: 'resume job', from: 'savepoint-1' }]);
    // What Flink still knows of an older job is no help: it is not where the last one ended.
    const older = { ...jobIn(appliedWorld()), id: 'older', over: true, goOnFrom: 'chk-old' };
    expect(refusals(stepsIn(withJobs(world, dedup, [older])))).toEqual([
      expect.stringContaining('job_state_unknown'),
    ]);
  });

  test('never begins anew before records that it wrote, unless it is told where from', () => {
    const world = withJobs(withRecords(appliedWorld()), dedup, []);
    const steps = stepsIn(world);
    expect(refusals(steps)).toEqual([expect.stringContaining('job_state_unknown: job shop.dedup')]);
    expect(refusalsIn(steps)[0]?.mend).toContain('--resume shop.dedup=PATH');
    const forgotten = { ...world, applied: { ...world.applied, jobs: {} } };
    expect(refusals(stepsIn(forgotten))).toEqual([expect.stringContaining('job_state_unknown')]);
    expect(stepsIn(world, { resume: { [dedup]: 's3://here' } })).toMatchObject([
      { kind: 'resume job', from: 's3://here' },
    ]);
  });

  test('begins anew when it never came to a checkpoint, or nothing was ever written', () => {
    expect(kinds(stepsIn(ended(withRecords(appliedWorld()), null)))).toEqual(['start job']);
    expect(kinds(stepsIn(withJobs(appliedWorld(), dedup, [])))).toEqual(['start job']);
  });

  test('that an apply started and could not note is noted', () => {
    const world = withRecords(appliedWorld());
    const kept = world.applied.jobs[dedup];
    if (kept === undefined) throw new Error('no job');
    const unsure = {
      ...world,
      applied: { ...world.applied, jobs: { [dedup]: { ...kept, id: null } } },
    };
    const steps = stepsIn(unsure);
    expect(steps).toMatchObject([{ kind: 'note job', id: jobIn(world).id }]);
    expect(stepsIn(afterAll(unsure, steps))).toEqual([]);
  });

  test('that runs twice, or as nobody knows, is left alone', () => {
    const world = withRecords(appliedWorld());
    const one = jobIn(world);
    expect(refusals(stepsIn(withJobs(world, dedup, [one, { ...one, id: 'other' }])))).toEqual([
      expect.stringContaining('job_conflict: 2 jobs run under the name shop.dedup'),
    ]);
    expect(refusals(stepsIn(withJobs(world, dedup, [{ ...one, fingerprint: null }])))).toEqual([
      expect.stringContaining('job_conflict: job shop.dedup runs'),
    ]);
    expect(refusals(stepsIn(world, { resume: { [dedup]: 'x' } }))).toEqual([
      expect.stringContaining('job_conflict'),
    ]);
  });

  test('gets no shorter window while it has older records to read', () => {
    const world = withRecords(appliedWorld());
    expect(kinds(stepsIn(world, { pipeline: shortWindow }))).toContain('replace job');
    const behind = { ...world, actual: { ...world.actual, behindWindow: true } };
    expect(refusals(stepsIn(behind, { pipeline: shortWindow }))).toContainEqual(
      expect.stringMatching(/^plan_conflict: job shop.dedup has yet to read records older/),
    );
  });

  test('that the pipeline has no use for is taken away', () => {
    const world = appliedWorld();
    const kept = world.applied.jobs[dedup];
    if (kept === undefined) throw new Error('no job');
    const jobs = { ...world.applied.jobs, 'shop.old': kept };
    const steps = stepsIn({ ...world, applied: { ...world.applied, jobs } });
    expect(steps).toMatchObject([{ kind: 'remove job', name: 'shop.old', id: null }]);
  });
});

/** With an order, where it is taken; it may be that of a definition that is applied no more. */
const ordering =
  (order: ReplayOrder) =>
  (world: World): World => {
    const { plan } = world.applied;
    if (plan === null) return world;
    try {
      return { ...world, applied: withOrder(order, plan, world.applied) };
    } catch (error) {
      if (error instanceof MillraceError) return world;
      throw error;
    }
  };

test('what was done is not to be done again, whatever there was', () => {
  const wishes = fc.record<Wish>({
    pipeline: fc.constantFrom(
      ...[shop, wider, rolledUp, byHour, withQuantiles, shortWindow],
      ...[busyMinutes, busyTwoMinutes, busyMinutes],
    ),
    checkpointMs: fc.constantFrom(1_000, 3_000),
    partitions: fc.constantFrom(4, 5),
  });
  const fates: readonly ((world: World) => World)[] = [
    (world) => world,
    withRecords,
    (world) => (world.actual.jobs.get(dedup)?.length ? ended(world, 'chk-1') : world),
    (world) => (world.actual.jobs.get(dedup)?.length ? ended(world, null) : world),
    (world) => withJobs(world, dedup, []),
    (world) => ({ ...world, actual: { ...world.actual, topics: new Map() } }),
    (world) => ({ ...world, actual: { ...world.actual, tables: new Set(), events: 0 } }),
    (world) => withEvents(world),
    (world) => ({ ...world, applied: { ...world.applied, jobs: {} } }),
    ordering({ kind: 'start', rollups: ['by_day'], windows: [], from: 'archive' }),
    ordering({ kind: 'start', rollups: ['by_day'], windows: [], from: 'events' }),
    ordering({ kind: 'back', name: 'by_day' }),
    ordering({ kind: 'drop', name: 'by_day' }),
    ordering({ kind: 'start', rollups: [], windows: ['busy'], from: 'log' }),
    ordering({ kind: 'start', rollups: [], windows: ['busy'], from: 'events' }),
    ordering({ kind: 'back', name: 'busy' }),
    ordering({ kind: 'drop', name: 'busy' }),
  ];
  const turns = fc.array(fc.tuple(wishes, fc.constantFrom(...fates)), { maxLength: 5 });
  let done = 0;
  fc.assert(
    fc.property(turns, (all) => {
      let world = emptyWorld;
      for (const [wish, fate] of all) {
        world = fate(world);
        const steps = stepsIn(world, wish);
        if (refusalsIn(steps).length > 0) continue;
        world = afterAll(world, steps);
        done += steps.length;
        expect(stepsIn(world, wish)).toEqual([]);
      }
    }),
    { numRuns: 100 },
  );
  expect(done).toBeGreaterThan(100);
});

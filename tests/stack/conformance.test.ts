import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { JobManager } from '../../packages/millrace/src/adapters/flink/job-manager.ts';
import { everyKind } from '../../packages/millrace/src/compile/clickhouse/every-kind.suite.ts';
import { expectRollup } from '../../packages/millrace/src/compile/clickhouse/expect-rollup.suite.ts';
import type { Pipeline } from '../../packages/millrace/src/define/pipeline.ts';
import { count, window } from '../../packages/millrace/src/index.ts';
import type { RollupPlan } from '../../packages/millrace/src/plan/plan.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import { type Flink, startFlink } from '../../tools/stack/flink.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { expectRows, expectWindowRows } from '../support/conformance/expect-rows.ts';
import {
  definitionOf,
  livePipelines,
  type WindowedPipeline,
} from '../support/conformance/random-pipeline.ts';
import {
  crowdedMs,
  inBatches,
  liveSendingsTo,
  streamOf,
} from '../support/conformance/random-stream.ts';
import { eshopClickstream, onlineRetail } from '../support/conformance/real-files.ts';
import {
  type AggregationText,
  type CountedEvent,
  msOf,
  type PipelineText,
} from '../support/conformance/recompute.ts';
import { TwoRuntimes } from '../support/conformance/two-runtimes.ts';
import { lateRecordsDropped } from '../support/late-records.ts';
import { mixedStream } from '../support/mixed-stream.ts';
import { testSeed } from '../support/random.ts';

const configOf = (name: string): string =>
  fileURLToPath(new URL(`../support/${name}.config.ts`, import.meta.url));
const seed = testSeed();
/** Each costs a minute, and so does each step of shrinking. */
const randomPipelines = Number(process.env.MILLRACE_TEST_PIPELINES ?? 2);
const shrinkingMsMax = 15 * 60_000;
/** Of a file, the first. */
const fileRows = Number(process.env.MILLRACE_TEST_FILE_ROWS ?? 10_000);
const requestRows = 500;
const patience = { timeout: 180_000, interval: 500 };

/** When an event was received is the one thing in which two runtimes may differ. */
const withoutArrival = (rollup: RollupPlan): RollupPlan => ({
  ...rollup,
  measures: rollup.measures.filter(
    (measure) => measure.kind === 'count' || JSON.stringify(measure.field) !== receivedAt,
  ),
});
const receivedAt = JSON.stringify({
  source: 'envelope',
  name: 'received_at',
  type: { kind: 'timestamp' },
});

/** What two runtimes cannot say in two ways: all but sums of floats, and what is made of them. */
const exactColumns = ({ by = [], measures }: AggregationText, times: readonly string[]): string =>
  [
    ...times,
    ...by.map((field) => field.replaceAll('.', '_')),
    ...Object.keys(measures).filter((name) => !['sum', 'avg'].includes(measures[name]?.kind ?? '')),
  ].join(', ');

const liveWindow = 'live';

/** With a dedup window that is over before a killed import is resumed, and a window of its own. */
const withShortMemory = (definition: Pipeline): Pipeline => ({
  ...definition,
  dedup: { window: '1s' },
  lateness: '3s',
  windows: [
    window(liveWindow, {
      from: Object.keys(definition.events),
      tumbling: '1s',
      measures: { n: count() },
    }),
  ],
});

/** Of equal ids the first. */
const firstsOf = (events: readonly CountedEvent[]): readonly CountedEvent[] => [
  ...new Map(events.toReversed().map((one) => [one.event_id, one])).values(),
];

/** Of all events together, however many: one that differs in anything changes it. */
const fingerprintSql =
  'SELECT count() AS events, uniqExact(event_id) AS ids, groupBitXor(sipHash64(toString((event_id, type, timestamp, late, user_id, session_id)), toJSONString(properties))) AS print FROM events';
const eventsSql = 'SELECT * EXCEPT (received_at) FROM events ORDER BY event_id';
const lettersSql = `SELECT code, replaceRegexpAll(reason, '[0-9]+ ms ahead', 'ahead') AS said, protocol, event_id, type, hex(raw) AS raw
  FROM dead_letters ORDER BY raw, code`;

describe(`one pipeline on both runtimes (seed ${seed})`, () => {
  let folder: string;
  let kafka: Kafka;
  let flink: Flink;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-conformance-'));
    kafka = await startKafka({ folder: join(folder, 'kafka') });
    flink = await startFlink({ folder: join(folder, 'flink'), slots: 8 });
  }, 600_000);
  afterAll(async () => {
    await flink?.stop();
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function sendToBoth(
    both: TwoRuntimes,
    batches: readonly (readonly unknown[])[],
  ): Promise<void> {
    for (const batch of batches) {
      const { here, there } = await both.post(batch);
      expect(there).toEqual(here);
    }
  }

  /** That both have the same events and dead letters, and these ids and codes. */
  async function expectKept(
    both: TwoRuntimes,
    ids: readonly string[],
    refused: readonly string[],
  ): Promise<void> {
    await both.settled();
    const kept = await both.askHere(eventsSql);
    expect(kept.map(({ event_id }) => event_id)).toEqual(ids.toSorted(byBytes));
    const letters = await both.askHere(lettersSql);
    expect(letters.map(({ code }) => code).sort()).toEqual(refused.toSorted());
    await vi.waitFor(async () => {
      expect(await both.askThere(eventsSql)).toEqual(kept);
      expect(await both.askThere(lettersSql)).toEqual(letters);
    }, patience);
  }

  test('with every kind of measure takes, keeps, refuses and counts the same', async () => {
    const plan = planOf(everyKind);
    const stream = mixedStream(seed, { lists: 60 });
    const both = await TwoRuntimes.start({
      ...{ kafka, flink, plan, folder: join(folder, 'every-kind') },
      pipeline: configOf('every-kind'),
    });
    try {
      const ids = stream.kept.map(({ event_id }) => event_id);
      await sendToBoth(both, stream.batches);
      await expectKept(both, ids, stream.refused);
      for (const rollup of plan.rollups.map(withoutArrival)) {
        const sql = `SELECT * FROM ${rollup.name}`;
        expectRollup(rollup, await both.askHere(sql), stream.kept);
        await vi.waitFor(
          async () => expectRollup(rollup, await both.askThere(sql), stream.kept),
          patience,
        );
      }
    } finally {
      await both.stop();
    }
  }, 600_000);

  const cases = livePipelines.chain((pipeline) =>
    liveSendingsTo(pipeline).map((sendings) => ({ pipeline, sendings })),
  );

  test('whatever the pipeline and the stream', async () => {
    let tried = 0;
    let judged = 0;
    /** Less, once something is wrong and a smaller case is sought. */
    let patient = patience;
    const property = fc.asyncProperty(cases, async ({ pipeline, sendings }) => {
      tried += 1;
      const given = { ...pipeline, name: `given_${tried}` };
      const both = await startGiven(definitionOf(given));
      try {
        await both.ready();
        // At a whole second, as the windows are.
        const startMs = Math.floor(Date.now() / 1_000) * 1_000;
        const inTime = streamOf(given, sendings.inTime, startMs);
        await sendToBoth(both, inBatches(inTime.items));
        // Where that took longer, nobody knows which of them are late.
        fc.pre(Date.now() < startMs + msOf(given.lateness));
        await passed(startMs + crowdedMs + msOf(given.lateness));
        const all = [...sendings.inTime, ...sendings.late];
        const { items, counted, refused } = streamOf(given, all, startMs);
        await sendToBoth(both, inBatches(items.slice(inTime.items.length)));
        const ids = counted.map(({ event_id }) => event_id);
        await expectKept(both, ids, refused);
        await expectRollups(both, given, counted, patient);
        const out = counted.filter(({ timestamp }) => timestamp <= startMs + crowdedMs);
        await expectWindows(both, given, out, patient);
        judged += 1;
      } catch (error) {
        if (!fc.PreconditionFailure.isFailure(error)) patient = { ...patience, timeout: 60_000 };
        throw error;
      } finally {
        await both.stop();
      }
    });
    await fc.assert(property, {
      seed,
      numRuns: randomPipelines,
      interruptAfterTimeLimit: randomPipelines * 120_000 + shrinkingMsMax,
    });
    expect(judged).toBeGreaterThan(0);
  }, 14_400_000);

  test('the rows of a file, sent', { timeout: 3_600_000 }, async () => {
    const { name, config, definition, events } = eshopClickstream;
    const sent = events(fileRows);
    const both = await TwoRuntimes.start({
      ...{ kafka, flink, folder: join(folder, name), plan: planOf(definition) },
      pipeline: fileURLToPath(new URL(`../../examples/${config}`, import.meta.url)),
    });
    try {
      for (let at = 0; at < sent.length; at += requestRows) {
        const { here, there } = await both.post(
          sent.slice(at, at + requestRows).map(({ late, ...event }) => event),
        );
        expect(there).toEqual(here);
      }
      await expectEvents(both, definition, firstsOf(sent));
    } finally {
      await both.stop();
    }
  });

  test('the rows of a file, imported, into the cluster by a process that is killed', {
    timeout: 3_600_000,
  }, async () => {
    const { definition, mapping, text, events } = onlineRetail;
    const counted = firstsOf(events(fileRows));
    const [like] = counted;
    if (like === undefined) throw new Error('no rows');
    const file = join(folder, 'rows.csv');
    writeFileSync(file, `${text(fileRows).trimEnd()}\nno row`);
    const given = withShortMemory({ ...definition, name: 'imported' });
    const both = await startGiven(given);
    try {
      const order = { file, mapping };
      const here = await both.import('here', order);
      const all = counted.length.toLocaleString('en-US');
      expect([here.code, here.stdout]).toEqual([0, expect.stringContaining(`${all} events new`)]);
      const killed = await both.import('there', {
        ...order,
        env: { MILLRACE_CRASH_AT: 'import-written:3' },
      });
      expect([killed.signal, killed.stdout]).toEqual(['SIGKILL', '']);
      const resumed = await both.import('there', order);
      // Where a busy machine made it repeat a chunk, that of the first, not of the second.
      expect(resumed.stdout).toMatch(/^Went on after row [24],000, where/);
      expect(resumed.code).toBe(0);

      await expectEvents(both, definition, counted);
      const others = 'SELECT event_id FROM events WHERE late OR received_at != timestamp';
      expect([await both.askHere(others), await both.askThere(others)]).toEqual([[], []]);
      const letters = await both.askHere(lettersSql);
      expect(letters).toHaveLength(1);
      await vi.waitFor(
        async () => expect(await both.askThere(lettersSql)).toEqual(letters),
        patience,
      );
      await expectLiveWindows(both, given, like);
    } finally {
      await both.stop();
    }
  });

  /** That both have these events and no others, and rollups of them. */
  async function expectEvents(
    both: TwoRuntimes,
    definition: PipelineText,
    counted: readonly CountedEvent[],
  ): Promise<void> {
    await both.settled();
    const fingerprint = await both.askHere(fingerprintSql);
    const all = String(counted.length);
    expect(fingerprint).toMatchObject([{ events: all, ids: all, print: expect.any(String) }]);
    await vi.waitFor(
      async () => expect(await both.askThere(fingerprintSql)).toEqual(fingerprint),
      patience,
    );
    await expectRollups(both, definition, counted, patience);
  }

  /** That what was imported is in no window, and holds up none: those of events that come now are there. */
  async function expectLiveWindows(
    both: TwoRuntimes,
    given: Pipeline,
    { late, ...like }: CountedEvent,
  ): Promise<void> {
    const timestamp = Date.now();
    await both.post([{ ...like, event_id: 'live', timestamp }]);
    // On a slow machine it may be late itself.
    const inTime = `SELECT toString(toUnixTimestamp64Milli(timestamp)) AS at FROM events WHERE NOT late AND event_id = 'live'`;
    const windows = `SELECT toString(toUnixTimestamp64Milli(window_start)) AS at, n FROM ${liveWindow}`;
    const stored = "SELECT event_id FROM events WHERE event_id = 'live'";
    for (const ask of [both.askHere.bind(both), both.askThere.bind(both)]) {
      await vi.waitFor(async () => expect(await ask(stored)).toHaveLength(1), patience);
      const at = String(timestamp - (timestamp % 1_000));
      const expected = (await ask(inTime)).map(() => ({ at, n: '1' }));
      await vi.waitFor(async () => expect(await ask(windows)).toEqual(expected), patience);
    }
    const name = `${given.name}.${liveWindow}`;
    const jobManager = new JobManager(flink.addresses.rest);
    // Flink's REST has a metric some seconds after it was first asked for it.
    await vi.waitFor(async () => {
      const jobs = await jobManager.jobs();
      const job = jobs.find((one) => one.name.startsWith(name) && one.state === 'RUNNING');
      const dropped = await lateRecordsDropped(flink.addresses.rest, job?.id ?? '');
      expect(new Set(dropped)).toEqual(new Set([0]));
    }, patience);
  }

  /** That both say of each rollup what a recomputation says, and the same. */
  async function expectRollups(
    both: TwoRuntimes,
    definition: PipelineText,
    counted: readonly CountedEvent[],
    patient: typeof patience,
  ): Promise<void> {
    for (const rollup of definition.rollups ?? []) {
      const sql = `SELECT * FROM ${rollup.name}`;
      expectRows(rollup, definition, await both.askHere(sql), counted);
      await vi.waitFor(
        async () => expectRows(rollup, definition, await both.askThere(sql), counted),
        patient,
      );
      const exactly = `SELECT ${exactColumns(rollup, ['bucket'])} FROM ${rollup.name} ORDER BY ALL`;
      expect(await both.askThere(exactly)).toEqual(await both.askHere(exactly));
    }
  }

  /** The same of each window, of which these events are all that is out. */
  async function expectWindows(
    both: TwoRuntimes,
    given: WindowedPipeline,
    out: readonly CountedEvent[],
    patient: typeof patience,
  ): Promise<void> {
    for (const one of given.windows) {
      const sql = `SELECT * FROM ${one.name}`;
      for (const ask of [both.askHere.bind(both), both.askThere.bind(both)])
        await vi.waitFor(async () => expectWindowRows(one, given, await ask(sql), out), patient);
      const columns = exactColumns(one, ['window_start', 'window_end']);
      const exactly = `SELECT ${columns} FROM ${one.name} ORDER BY ALL`;
      expect(await both.askThere(exactly)).toEqual(await both.askHere(exactly));
    }
  }

  async function startGiven(given: Pipeline): Promise<TwoRuntimes> {
    const own = join(folder, given.name);
    const file = join(own, 'pipeline.json');
    mkdirSync(own, { recursive: true });
    writeFileSync(file, JSON.stringify(given));
    return TwoRuntimes.start({
      ...{ kafka, flink, folder: own },
      plan: planOf(given),
      pipeline: configOf('conformance/given'),
      env: { MILLRACE_TEST_PIPELINE: file },
    });
  }
});

const passed = (ms: number): Promise<void> =>
  expect.poll(() => Date.now(), patience).toBeGreaterThan(ms);

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

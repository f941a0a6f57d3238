import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { s3Objects } from '../../packages/millrace/src/adapters/objects/s3-objects.ts';
import { Manifest } from '../../packages/millrace/src/archive/manifest.ts';
import type { ClusterStatus } from '../../packages/millrace/src/runtime/distributed/cluster-status.ts';
import { type Flink, startFlink } from '../../tools/stack/flink.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { type Seaweed, startSeaweed } from '../../tools/stack/seaweed.ts';
import { askOnAndOn } from '../support/asking.ts';
import { makeBucket } from '../support/bucket.ts';
import { buryApply, clusterEnv, StoreProcess } from '../support/cluster.ts';
import { CommandProcess } from '../support/command-process.ts';
import { expectRows } from '../support/conformance/expect-rows.ts';
import { forgetWhileEventsFlow } from '../support/forget-in-cluster.ts';
import { grouped } from '../support/grouped-events.ts';
import { Ledger, type LedgerEvent } from '../support/ledger.ts';
import { testSeed } from '../support/random.ts';
import { type Ended, runCommand } from '../support/run-command.ts';

const ledgerConfig = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));
const seed = testSeed();
const patience = { timeout: 240_000, interval: 200 };
const bucket = 'archive';

describe(`a rollup that is new or changed, in a cluster with events (seed ${seed})`, () => {
  let folder: string;
  let kafka: Kafka;
  let flink: Flink;
  let seaweed: Seaweed;
  let store: StoreProcess;
  let env: { readonly [name: string]: string };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-apply-rollup-'));
    kafka = await startKafka({ folder: join(folder, 'kafka') });
    // The clean log, two rollups, and two that are to take their place; behind them those of another pipeline.
    flink = await startFlink({ folder: join(folder, 'flink'), slots: 8 });
    seaweed = await startSeaweed({ folder: join(folder, 'seaweed') });
    await makeBucket(bucket, seaweed);
    store = await StoreProcess.start(folder);
    env = {
      ...clusterEnv(ledgerConfig, { kafka, flink, store }),
      MILLRACE_ARCHIVE: `s3://${bucket}/ledger`,
      MILLRACE_S3_ENDPOINT: seaweed.addresses.s3,
      MILLRACE_ARCHIVE_SECONDS: '1',
    };
  }, 900_000);
  afterAll(async () => {
    await store?.stop();
    await seaweed?.stop();
    await flink?.stop();
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const millrace = (args: readonly string[], more = {}): Promise<Ended> =>
    runCommand(args, { cwd: folder, env: { ...env, ...more } });
  const done = async (...args: readonly string[]): Promise<string> => {
    const ended = await millrace(args);
    expect(ended).toMatchObject({ code: 0, errors: '' });
    return ended.output;
  };
  const bury = (): Promise<void> => buryApply(kafka, 'ledger');
  const start = (role: 'archiver' | 'collector' | 'loader' | 'query', of = env): CommandProcess =>
    new CommandProcess(['start', '--role', role, '--port', '0'], of);
  const number = async (sql: string): Promise<number> => {
    const [row] = await store.ask<{ n: string }>('', sql);
    return Number(row?.n ?? 0);
  };
  const stored = (): Promise<number> => number('SELECT count() AS n FROM events');

  test('is filled while events flow and parts die, and counts each event once', async () => {
    await done('apply');
    const ledger = new Ledger();
    const collector = start('collector');
    let loader = start('loader');
    const query = start('query');
    const archiver = start('archiver');
    const url = await collector.url();
    const closing = new AbortController();
    const writing = ledger.write('w', seed, () => url, closing.signal, 100);
    const queryUrl = await query.url();
    const asking = askOnAndOn(() => queryUrl, ledger, closing.signal);
    await expect.poll(stored, patience).toBeGreaterThan(300);

    const changed = join(folder, 'changed.config.ts');
    writeFileSync(changed, changedConfig);
    const unchanged = env;
    env = { ...env, MILLRACE_PIPELINE: changed };
    // It dies in the middle of the fill, and so does about everything else.
    const killed = await millrace(['apply'], { MILLRACE_CRASH_AT: 'rollup-inserted' });
    expect(killed).toMatchObject({
      ...{ code: null, errors: 'crash point rollup-inserted reached\n' },
    });
    for (const what of [
      '+ rollup by_minute v2: make by_minute__v2',
      '+ job ledger.by_minute__v2: start, from what is not stored yet of ledger.clean',
      '~ rollup by_minute v2: fill it from the events that are stored; version 1 answers until then',
      '~ rollup by_product v1: fill it from the events that are stored; until then it answers from the events',
      '- rollup by_minute v1, rollup purchases_by_day v1: drop, once nobody loads or reads it',
    ])
      expect(killed.output).toContain(what);
    loader.kill('SIGKILL');
    flink.kill('taskmanager-1', 'SIGKILL');
    await Promise.all([store.killAndRestart(), flink.restart('taskmanager-1')]);
    loader = start('loader', unchanged);

    const status: ClusterStatus = JSON.parse(await done('status', '--json'));
    expect(status.rollups).toMatchObject([
      { rollup: 'by_minute', version: 1, state: 'shown' },
      { rollup: 'purchases_by_day', version: 1, state: 'shown' },
      { rollup: 'by_minute', version: 2, state: 'filling', events_filled: 0 },
      { rollup: 'by_product', version: 1, state: 'filling' },
    ]);
    // Until then readers see what they saw, and of what is new what the events say.
    expect(await number('SELECT uniqExact(product_id) AS n FROM by_minute')).toBe(20);
    expect(await number('SELECT sum(orders) AS n FROM by_product')).toBeGreaterThan(0);
    await bury();
    const resumed = await millrace(['apply']);
    expect(resumed).toMatchObject({ code: 0, errors: '' });
    expect(resumed.output).toContain('by_minute answers from by_minute__v2 from now on');
    expect(await done('plan')).toBe('Nothing to do: all is as the pipeline says.\n');
    const tables = await store.ask<{ name: string }>(
      '',
      "SELECT name FROM system.tables WHERE database = 'millrace' AND match(name, '^(by|purch)') ORDER BY name",
    );
    expect(tables.map(({ name }) => name)).toEqual(
      ['by_minute', 'by_product'].flatMap((name, i) => {
        const table = `${name}__v${2 - i}`;
        return [name, table, `${table}__deltas`, `${table}__deltas__fill`];
      }),
    );

    await replayFromArchive(archiver);
    await replayFromLog();
    await replayFromEvents();

    // Those who ask and load were started with the definition before, and go on.
    const before = ledger.acknowledged.size;
    await expect.poll(stored, patience).toBeGreaterThan(before);
    closing.abort();
    await writing;
    const { failures, lacking, answers } = await asking;
    expect(lacking).toEqual([]);
    expect(failures.filter((failure) => !failure.startsWith('503'))).toEqual([]);
    expect(answers).toBeGreaterThan(10);
    const rows = async (): Promise<unknown> => ({
      byHour: await store.ask('', hours),
      byProduct: await store.ask('', products),
    });
    await expect.poll(rows, patience).toEqual(recomputed([...ledger.sent.values()]));
    expect(await stored()).toBe(ledger.sent.size);
    // What readers were shown is given up, so they see what was kept.
    expect(await done('replay', 'drop', 'by_minute')).toContain('- rollup by_minute v5: drop');
    expect(await rows()).toEqual(recomputed([...ledger.sent.values()]));
    // The version before was loaded all the time.
    expect(await done('replay', 'back', 'by_minute')).toContain(
      'by_minute answers from by_minute__v3 from now on',
    );
    await expect.poll(rows, patience).toEqual(recomputed([...ledger.sent.values()]));
    loader = await fillWithQuantiles(ledger, url, loader);
    await Promise.all([collector, loader, query].map((one) => one.stop()));
  }, 1_200_000);

  test(
    'has nothing of a person who is forgotten while events flow, wherever that is killed',
    () => forgetWhileEventsFlow({ folder, kafka, flink, seaweed, bucket }, seed),
    1_200_000,
  );

  /** While events flow: from what the archiver had got to when it was stopped, and from the log behind that. */
  async function replayFromArchive(archiver: CommandProcess): Promise<void> {
    const { s3: endpoint } = seaweed.addresses;
    const archive = new Manifest(s3Objects({ bucket, prefix: 'ledger/', endpoint }));
    const archived = async (): Promise<readonly number[]> =>
      Promise.all([0, 1].map(async (partition) => (await archive.ranges(partition)).length));
    await expect.poll(async () => Math.min(...(await archived())), patience).toBeGreaterThan(0);
    await archiver.stop();
    const before = await stored();
    await expect.poll(stored, patience).toBeGreaterThan(before);
    const replay = ['replay', 'start', '--rollup', 'by_minute', '--from', 'archive'];
    const killed = await millrace(replay, { MILLRACE_CRASH_AT: 'replay-inserted' });
    expect(killed).toMatchObject({
      ...{ code: null, errors: 'crash point replay-inserted reached\n' },
    });
    await bury();
    expect(await millrace(['replay', 'watch'])).toMatchObject({
      ...{ code: 1, errors: expect.stringContaining('(replay_conflict)') },
    });
    const resumed = await millrace(replay);
    expect(resumed).toMatchObject({ code: 0, errors: '' });
    for (const what of [
      '~ rollup by_minute v3: fill it from the archive, and the log behind it; version 2 answers until then',
      'by_minute answers from by_minute__v3 from now on',
    ])
      expect(resumed.output).toContain(what);
    expect(await done('plan')).toBe('Nothing to do: all is as the pipeline says.\n');
    expect(await done('replay', 'list')).toBe(
      'by_minute v2 is kept, to go back to\nby_product v1 is what readers see\nby_minute v3 is what readers see (replayed from the archive)\n',
    );
  }

  /** While somebody looks on. */
  async function replayFromLog(): Promise<void> {
    const replayed = done('replay', 'start', '--rollup', 'by_minute', '--from', 'log');
    await vi.waitFor(async () => {
      expect(await done('replay', 'list')).toContain('by_minute v4 is being filled');
    }, patience);
    expect(await millrace(['replay', 'watch'])).toMatchObject({
      code: 0,
      errors: expect.stringMatching(/^by_minute v4: [\d,]+ of [\d,]+ events/),
      output: expect.stringContaining('by_minute v4 is what readers see (replayed from the log)\n'),
    });
    expect(await replayed).toContain('~ rollup by_minute v4: fill it from the log; version 3');
  }

  /** It dies when readers were shown it, and nobody kept so. */
  async function replayFromEvents(): Promise<void> {
    const replay = ['replay', 'start', '--rollup', 'by_minute', '--from', 'events'];
    const killed = await millrace(replay, { MILLRACE_CRASH_AT: 'rollup-shown' });
    expect(killed).toMatchObject({
      ...{ code: null, errors: 'crash point rollup-shown reached\n' },
    });
    expect(killed.output).toContain('by_minute v5: fill it from the events that are stored');
    await bury();
  }

  /** A view fills it: so the loader is stopped, while events wait for it in Kafka. @returns the loader after it. */
  async function fillWithQuantiles(
    ledger: Ledger,
    url: string,
    before: CommandProcess,
  ): Promise<CommandProcess> {
    const file = join(folder, 'quantiles.config.ts');
    writeFileSync(file, quantilesConfig);
    env = { ...env, MILLRACE_PIPELINE: file };
    expect(await millrace(['apply'])).toMatchObject({
      ...{ code: 1, errors: expect.stringContaining('loaders_running') },
    });
    await before.stop();
    const closing = new AbortController();
    const writing = ledger.write('q', seed, () => url, closing.signal, 100);
    // It is refused as long as Kafka has not noticed that the loader is gone.
    await vi.waitFor(async () => {
      const killed = await millrace(['apply'], { MILLRACE_CRASH_AT: 'rollup-inserted' });
      expect(killed.errors).toBe('crash point rollup-inserted reached\n');
    }, patience);
    await bury();
    const resumed = await millrace(['apply']);
    expect(resumed).toMatchObject({ code: 0, errors: '' });
    expect(resumed.output).toContain('by_product answers from by_product__v2 from now on');
    const loader = start('loader');
    const dropping = done('replay', 'drop', 'by_minute');
    const filledWith = await stored();
    await expect.poll(stored, patience).toBeGreaterThan(filledWith);
    closing.abort();
    await writing;
    await expect.poll(stored, patience).toBe(ledger.sent.size);
    const counted = [...ledger.sent.values()].map((event) => ({ ...event, late: false }));
    await vi.waitFor(async () => {
      const rows = await store.rows(`SELECT * FROM ${spread.name}`);
      expectRows(spread, ledgerText, rows, counted);
    }, patience);
    expect(await dropping).toContain('- rollup by_minute v4: drop');
    expect(
      await number(
        "SELECT count() AS n FROM system.tables WHERE startsWith(name, 'by_minute__v4')",
      ),
    ).toBe(0);
    return loader;
  }
});

const changedConfig = `
import ledger from ${JSON.stringify(ledgerConfig)};
import { count, definePipeline, rollup, sum, uniq } from 'millrace';
export default definePipeline({
  ...ledger,
  rollups: [
    rollup('by_minute', {
      ...{ from: ['view', 'purchase'], every: 'hour', by: ['type'] },
      measures: { events: count(), amount: sum('price'), people: uniq('user_id') },
    }),
    rollup('by_product', {
      ...{ from: 'purchase', every: 'day', by: ['product_id'] },
      measures: { orders: count(), amount: sum('price') },
    }),
  ],
});
`;

/** In the place of the one before, of the same name. */
const spread = {
  ...{ name: 'by_product', from: ['view', 'purchase'], every: 'hour', by: ['product_id'] },
  measures: {
    prices: { kind: 'quantiles', field: 'price', levels: [0.5, 0.9] },
    people: { kind: 'uniq', field: 'user_id' },
  },
};
const price = { kind: 'decimal', scale: 2 };
/** Of the ledger's pipeline as much as a recomputation has to know. */
const ledgerText = {
  events: { view: { properties: { product_id: { kind: 'string' }, price } } },
};
const quantilesConfig = `
import changed from './changed.config.ts';
export default { ...changed, rollups: [changed.rollups[0], ${JSON.stringify(spread)}] };
`;

const at = 'toString(toUnixTimestamp(bucket)) AS at';
const hours = `SELECT ${at}, type AS of, toString(events) AS n, toString(toInt64(amount * 100)) AS cents, toString(people) AS people FROM by_minute ORDER BY at, of`;
const products = `SELECT ${at}, product_id AS of, toString(orders) AS n, toString(toInt64(amount * 100)) AS cents FROM by_product ORDER BY at, of`;

/** The rows of both rollups, as what was sent says. */
function recomputed(events: readonly LedgerEvent[]): unknown {
  const purchases = events.filter(({ type }) => type === 'purchase');
  const byHour = grouped(events, 3_600_000, ({ type }) => type).map(({ row, members }) => ({
    ...row,
    people: String(new Set(members.map(({ user_id }) => user_id)).size),
  }));
  const byProduct = grouped(purchases, 86_400_000, ({ properties }) => properties.product_id);
  return { byHour, byProduct: byProduct.map(({ row }) => row) };
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { s3Objects } from '../../packages/millrace/src/adapters/objects/s3-objects.ts';
import { archivedLines } from '../../packages/millrace/src/archive/archived-lines.suite.ts';
import type { ForgetStatus } from '../../packages/millrace/src/forget/forgetter.ts';
import { eventIdOf } from '../../packages/millrace/src/ports/event-line.ts';
import type { ObjectStore } from '../../packages/millrace/src/ports/object-store.ts';
import type { Flink } from '../../tools/stack/flink.ts';
import type { Kafka } from '../../tools/stack/kafka.ts';
import type { Seaweed } from '../../tools/stack/seaweed.ts';
import { buryApply, clusterEnv, StoreProcess } from './cluster.ts';
import { CommandProcess } from './command-process.ts';
import { grouped } from './grouped-events.ts';
import { Ledger, type LedgerEvent } from './ledger.ts';
import { type Ended, runCommand } from './run-command.ts';

const ledgerConfig = fileURLToPath(new URL('./ledger.config.ts', import.meta.url));
const patience = { timeout: 240_000, interval: 200 };

const peopleConfig = `
import ledger from ${JSON.stringify(ledgerConfig)};
import { count, definePipeline, rollup, sum, window } from 'millrace';
const from = ['view', 'purchase'];
const measures = { events: count(), amount: sum('price') };
export default definePipeline({
  ...ledger,
  name: 'people',
  lateness: '1s',
  rollups: [
    rollup('by_type', { from, every: 'hour', by: ['type'], measures }),
    rollup('by_person', { from, every: 'hour', by: ['user_id'], measures }),
  ],
  windows: [
    window('by_second', { from, tumbling: '1s', by: ['user_id'], measures: { n: count() } }),
  ],
});
`;

/** Where an order is killed, each time once it is gone on with. */
const points = ['forget-found', 'replacement-written', 'forget-done'];

export interface ForgettingCluster {
  readonly folder: string;
  readonly kafka: Kafka;
  /** With room for the clean log, two rollups in two versions each, and a window. */
  readonly flink: Flink;
  /** Where the archives lie, and the bucket. */
  readonly seaweed: Seaweed;
  readonly bucket: string;
}

/** Forgets a person while events flow, wherever the command is killed, and makes rollups anew without them. */
export async function forgetWhileEventsFlow(
  cluster: ForgettingCluster,
  seed: number,
): Promise<void> {
  const { seaweed, bucket } = cluster;
  const objects = (prefix: string): ObjectStore =>
    s3Objects({ bucket, prefix, endpoint: seaweed.addresses.s3 });
  const folder = join(cluster.folder, 'people');
  mkdirSync(folder);
  const pipeline = join(folder, 'people.config.ts');
  writeFileSync(pipeline, peopleConfig);
  const store = await StoreProcess.start(folder);
  const env = {
    ...clusterEnv(pipeline, { ...cluster, store }),
    MILLRACE_S3_ENDPOINT: seaweed.addresses.s3,
    MILLRACE_ARCHIVE: `s3://${bucket}/people`,
    // Far longer than the test: an order has the archiver hurry.
    MILLRACE_ARCHIVE_SECONDS: '3600',
  };
  const roles: CommandProcess[] = [];
  try {
    await forget({ folder, env, store, kafka: cluster.kafka, bucket, objects, roles }, seed);
  } finally {
    await Promise.all(roles.map((role) => role.stop()));
    await store.stop();
  }
}

interface People {
  readonly folder: string;
  readonly env: { readonly [name: string]: string };
  readonly store: StoreProcess;
  readonly kafka: Kafka;
  readonly bucket: string;
  /** Below a prefix of it. */
  readonly objects: (prefix: string) => ObjectStore;
  /** Those that run, which are stopped in any case. */
  readonly roles: CommandProcess[];
}

async function forget(people: People, seed: number): Promise<void> {
  const { folder, env, store, kafka, bucket, objects, roles } = people;
  const millrace = (args: readonly string[], more = {}): Promise<Ended> =>
    runCommand(args, { cwd: folder, env: { ...env, ...more } });
  const done = async (...args: readonly string[]): Promise<string> => {
    const ended = await millrace(args);
    expect(ended).toMatchObject({ code: 0, errors: '' });
    return ended.output;
  };
  const start = (role: string, more = {}): CommandProcess => {
    const started = new CommandProcess(['start', '--role', role, '--port', '0'], {
      ...{ ...env, ...more },
    });
    roles.push(started);
    return started;
  };
  const stored = async (): Promise<readonly string[]> =>
    (await store.ask<{ id: string }>('', 'SELECT event_id AS id FROM events ORDER BY id')).map(
      ({ id }) => id,
    );
  const number = async (sql: string): Promise<number> => {
    const [row] = await store.ask<{ n: string }>('', sql);
    return Number(row?.n ?? 0);
  };

  await done('apply');
  const ledger = new Ledger();
  const collector = start('collector');
  start('loader');
  const archiver = start('archiver');
  const url = await collector.url();
  const closing = new AbortController();
  const writing = ledger.write('w', seed, () => url, closing.signal, 100);
  await expect.poll(() => ledger.acknowledged.size, patience).toBeGreaterThan(500);
  const { user, ids } = busiest(ledger);
  const theirs = `user_id = '${user}'`;
  const letter = JSON.stringify([{ type: 'nobody_knows', user_id: user }]);
  const headers = { 'content-type': 'application/json' };
  const refused = await fetch(`${url}/v1/events`, { method: 'POST', headers, body: letter });
  expect(await refused.json()).toMatchObject({ rejected: [{ code: 'unknown_event_type' }] });
  await expect
    .poll(
      () => number(`SELECT uniqExact(window_end) AS n FROM by_second WHERE ${theirs}`),
      patience,
    )
    .toBeGreaterThan(1);
  const endMs = 'toUnixTimestamp64Milli(toDateTime64(window_end, 3))';
  const lastEndMs = await number(`SELECT max(${endMs}) AS n FROM by_second WHERE ${theirs}`);

  for (const point of points) {
    const killed = await millrace(['forget', '--user', user], { MILLRACE_CRASH_AT: point });
    const errors = expect.stringContaining(`crash point ${point} reached\n`);
    expect(killed).toMatchObject({ code: null, errors });
    await buryApply(kafka, 'people');
    if (point !== 'forget-found') continue;
    for (const other of [
      ['forget', '--user', 'another'],
      ['replay', 'start', '--rollup', 'by_type', '--from', 'log'],
    ])
      expect(await millrace(other)).toMatchObject({
        ...{ code: 1, errors: expect.stringContaining('forget_conflict') },
      });
  }
  // Whoever goes on need not know whom it is about.
  const ended = await millrace(['forget', '--json']);
  expect(ended.code).toBe(0);
  const receipt: ForgetStatus = JSON.parse(ended.output);
  expect(receipt).toMatchObject({
    ...{ dead_letters: 1, rebuilt: [], archived: receipt.events },
    ...{ rows_removed_from: ['by_person', 'by_second'], rollups: [{ rollup: 'by_type' }] },
  });
  expect(await done('forget', '--list')).toContain(
    `${receipt.events} events and 1 dead letters are gone`,
  );

  const sentByThen = ledger.sent.size;
  await expect.poll(() => ledger.acknowledged.size, patience).toBeGreaterThan(sentByThen + 200);
  closing.abort();
  await writing;
  const sent = [...ledger.sent.values()];
  const left = sent.length - Number(receipt.events);
  await expect.poll(async () => (await stored()).length, patience).toBe(left);
  const there = new Set(await stored());
  const gone = sent.filter(({ event_id }) => !there.has(event_id));
  expect(gone.filter(({ user_id }) => user_id !== user)).toEqual([]);
  expect(ids.filter((id) => there.has(id))).toEqual([]);
  expect(await number('SELECT count() AS n FROM dead_letters')).toBe(0);
  const archived = await idsIn(objects('people/'));
  expect(archived.filter((id) => !there.has(id))).toEqual([]);
  // An archive that is begun now does not get them either.
  await archiver.stop();
  const later = `s3://${bucket}/later`;
  start('archiver', { MILLRACE_ARCHIVE: later, MILLRACE_ARCHIVE_SECONDS: '1' });
  await expect.poll(() => idsIn(objects('later/')), patience).toEqual([...there].toSorted());

  // Under their id nothing is left of before the order, and of the others everything.
  const rows = (rollup: 'by_type' | 'by_person', key: string, where = 'true'): Promise<unknown> =>
    store.ask(
      '',
      `SELECT toString(toUnixTimestamp(bucket)) AS at, ${key} AS of, toString(events) AS n,
         toString(toInt64(amount * 100)) AS cents FROM ${rollup} WHERE ${where} ORDER BY at, of`,
    );
  const others = sent.filter(({ user_id }) => user_id !== user);
  await expect
    .poll(() => rows('by_person', 'user_id', `NOT (${theirs})`), patience)
    .toEqual(recomputed(others, ({ user_id }) => user_id));
  const theirsNow = sent.length - others.length - gone.length;
  expect(
    await number(`SELECT sum(events) AS n FROM by_person WHERE ${theirs}`),
  ).toBeLessThanOrEqual(theirsNow);
  // Those that were out when it was ordered.
  for (const table of ['by_second', 'by_second__v1__results'])
    expect(
      await number(`SELECT count() AS n FROM ${table} WHERE ${theirs} AND ${endMs} < ${lastEndMs}`),
    ).toBe(0);
  const byType = ({ type }: LedgerEvent): string => type;
  await expect.poll(() => rows('by_type', 'type'), patience).toEqual(recomputed(sent, byType));

  // What is made anew has nothing of them, whatever it is made from.
  for (const [rollup, from] of [
    ['by_type', 'archive'],
    ['by_person', 'log'],
  ] as const)
    await done('replay', 'start', '--rollup', rollup, '--from', from);
  const remaining = sent.filter(({ event_id }) => there.has(event_id));
  expect(await rows('by_type', 'type')).toEqual(recomputed(remaining, byType));
  expect(await rows('by_person', 'user_id')).toEqual(
    recomputed(remaining, ({ user_id }) => user_id),
  );
  expect(JSON.parse(await done('forget', '--list', '--json'))).toEqual([receipt]);
}

async function idsIn(objects: ObjectStore): Promise<readonly string[]> {
  const lines = await Promise.all([0, 1].map((partition) => archivedLines(objects, partition)));
  return lines.flat().map(eventIdOf).toSorted();
}

/** Who has the most of the events that were acknowledged, and which. */
function busiest(ledger: Ledger): { readonly user: string; readonly ids: readonly string[] } {
  const byUser = new Map<string, string[]>();
  for (const { event_id, user_id } of ledger.sent.values()) {
    if (!ledger.acknowledged.has(event_id)) continue;
    byUser.set(user_id, [...(byUser.get(user_id) ?? []), event_id]);
  }
  const [user, ids] = [...byUser].sort(([, a], [, b]) => b.length - a.length)[0] ?? ['', []];
  return { user, ids };
}

/** The rows of a rollup by the hour, as events say. */
const recomputed = (events: readonly LedgerEvent[], of: (event: LedgerEvent) => string): unknown =>
  grouped(events, 3_600_000, of).map(({ row }) => row);

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { JobManager } from '../../packages/millrace/src/adapters/flink/job-manager.ts';
import { explainJob, submitJob } from '../../packages/millrace/src/adapters/flink/sql-gateway.ts';
import { TopicAdmin } from '../../packages/millrace/src/adapters/kafka/topic-admin.ts';
import type { ClusterStatus } from '../../packages/millrace/src/runtime/distributed/cluster-status.ts';
import { type Flink, startFlink } from '../../tools/stack/flink.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { askOnAndOn, asOfMs } from '../support/asking.ts';
import { buryApply, clusterEnv, StoreProcess } from '../support/cluster.ts';
import { CommandProcess } from '../support/command-process.ts';
import { Ledger } from '../support/ledger.ts';
import { testSeed } from '../support/random.ts';
import { type Received, Receiver } from '../support/receiver.ts';
import { type Ended, runCommand } from '../support/run-command.ts';

const pipeline = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));

const seed = testSeed();
const patience = { timeout: 120_000, interval: 200 };
const jobNames = ['ledger.dedup', 'ledger.by_minute__v1', 'ledger.purchases_by_day__v1'];

describe(`millrace apply (seed ${seed})`, () => {
  let folder: string;
  let kafka: Kafka;
  let flink: Flink;
  let store: StoreProcess;
  let admin: TopicAdmin;
  let jobManager: JobManager;
  let env: { readonly [name: string]: string };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-apply-'));
    kafka = await startKafka({ folder: join(folder, 'kafka') });
    // A job for the clean log, one for a rollup, and one for another or for two versions of a window.
    flink = await startFlink({ folder: join(folder, 'flink'), slots: 4 });
    store = await StoreProcess.start(folder);
    admin = new TopicAdmin({ clientId: 'test', brokers: [kafka.addresses.bootstrap] });
    jobManager = new JobManager(flink.addresses.rest);
    env = clusterEnv(pipeline, { kafka, flink, store });
  }, 400_000);
  afterAll(async () => {
    await admin.close();
    await store.stop();
    await flink.stop();
    await kafka.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const millrace = (...args: readonly string[]): Promise<Ended> => millraceWith({}, ...args);
  const millraceWith = (
    more: { readonly [name: string]: string },
    ...args: readonly string[]
  ): Promise<Ended> => runCommand(args, { cwd: folder, env: { ...env, ...more } });
  const done = async (...args: readonly string[]): Promise<string> => {
    const ended = await millrace(...args);
    expect(ended).toMatchObject({ code: 0, errors: '' });
    return ended.output;
  };
  const nothingToDo = 'Nothing to do: all is as the pipeline says.\n';

  const start = (role: 'alerts' | 'collector' | 'loader' | 'query'): CommandProcess =>
    new CommandProcess(['start', '--role', role, '--port', '0'], env);
  const send = async (url: string, ids: readonly string[]): Promise<void> => {
    const events = ids.map((event_id) => ({
      ...{ event_id, type: 'view', properties: { product_id: 'p', price: '1.00' } },
    }));
    const response = await fetch(`${url}/v1/events`, {
      method: 'POST',
      body: JSON.stringify(events),
    });
    expect(await response.json()).toMatchObject({ accepted: ids.length, rejected: [] });
  };
  const idsOf = (name: string): readonly string[] =>
    Array.from({ length: 500 }, (_, n) => `${name}-${n}`);
  const stored = async (): Promise<readonly number[]> => {
    const [row] = await store.ask<{ readonly [name: string]: string }>(
      '',
      `SELECT count() AS n, uniqExact(event_id) AS ids,
         (SELECT sum(events) FROM by_minute) AS counted FROM events`,
    );
    return [row?.n, row?.ids, row?.counted].map(Number);
  };
  const jobs = async () =>
    (await jobManager.jobs()).filter(({ state }) => state === 'RUNNING').map(({ id }) => id);

  test('makes everything, changes it, brings it back, and counts each event once all along', async () => {
    const planned = await millrace('plan');
    expect(planned).toMatchObject({ code: 2, errors: '' });
    for (const what of ['+ topic ledger.raw', '~ tables: create events', '+ job ledger.dedup'])
      expect(planned.output).toContain(what);
    expect((await admin.look(['ledger.raw', 'ledger.applied'])).size).toBe(0);

    // Kafka refuses transactions that long, so the job does not come up. Mended, apply goes on.
    const tooLong = { ...env, MILLRACE_TRANSACTION_TIMEOUT_MINUTES: '100' };
    const unmended = await runCommand(['apply'], { cwd: folder, env: tooLong });
    expect(unmended).toMatchObject({ code: 1, errors: expect.stringContaining('(job_failed)') });
    expect(unmended.errors).toContain('transaction timeout');
    expect(await jobs()).toEqual([]);

    // Of two at once one wins.
    const both = await Promise.all([millrace('apply'), millrace('apply')]);
    const [won, lost] = both.toSorted((a, b) => Number(a.code) - Number(b.code));
    expect(won).toMatchObject({ code: 0, errors: '' });
    expect(lost).toMatchObject({ code: 1, errors: expect.stringContaining('(apply_in_progress)') });
    expect(await done('plan')).toBe(nothingToDo);
    expect(await done('apply')).toBe(nothingToDo);

    const collector = start('collector');
    const loader = start('loader');
    const url = await collector.url();
    const sent: string[] = [];
    const sendMore = async (name: string): Promise<void> => {
      sent.push(...idsOf(name));
      await send(url, idsOf(name));
      // All that was ever sent comes again.
      await send(url, sent);
    };
    const balanced = (): Promise<void> =>
      expect.poll(stored, patience).toEqual([sent.length, sent.length, sent.length]);
    await sendMore('first');
    await balanced();

    // A changed job, while events come.
    const before = await jobs();
    expect(before).toHaveLength(jobNames.length);
    env = { ...env, MILLRACE_CHECKPOINT_SECONDS: '2' };
    const [changed] = await Promise.all([done('apply'), sendMore('changing')]);
    expect(changed).toContain('execution.checkpointing.interval: 1000 ms → 2000 ms');
    expect(changed).toContain('is stopped with the savepoint');
    const after = await jobs();
    expect(after).toHaveLength(jobNames.length);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    await sendMore('changed');
    await balanced();

    // What is refused changes nothing.
    const running = await jobs();
    const refused = await runCommand(['apply'], {
      ...{ cwd: folder, env: { ...env, MILLRACE_PARTITIONS: '4' } },
    });
    expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('(apply_refused)') });
    expect(refused.output).toContain('(topic_conflict)');
    expect(await jobs()).toEqual(running);

    // A changed job that does not come up runs on as it was.
    const failed = await runCommand(['apply'], {
      ...{ cwd: folder, env: { ...env, MILLRACE_TRANSACTION_TIMEOUT_MINUTES: '100' } },
    });
    expect(failed.errors).toContain('(job_not_resumed)');
    expect(failed.errors).toContain('transaction timeout');
    expect(failed.code).toBe(1);
    expect(await done('apply')).toBe(nothingToDo);
    await sendMore('restarted');
    await balanced();

    // A job that was cancelled, and one that Flink forgot.
    for (const id of await jobs()) await jobManager.cancel(id);
    await sendMore('cancelled');
    expect(await done('apply')).toMatch(/resume from file:\S+\/chk-\d+ \(it is canceled\)/);
    await balanced();
    for (const id of await jobs()) await jobManager.cancel(id);
    flink.kill('jobmanager', 'SIGKILL');
    await flink.restart('jobmanager');
    await sendMore('forgotten');
    expect(await done('apply')).toMatch(/resume from file:\S+\/chk-\d+ \(Flink forgot it\)/);
    await balanced();
    expect(await done('plan')).toBe(nothingToDo);

    // Tables change while nobody loads.
    const wider = join(folder, 'wider.config.ts');
    writeFileSync(wider, widened);
    env = { ...env, MILLRACE_PIPELINE: wider };
    expect(await millrace('plan')).toMatchObject({
      code: 1,
      output: expect.stringContaining('(loaders_running)'),
    });
    await loader.stop();
    expect(await done('apply')).toContain('events.view.page');
    expect(await done('apply')).toBe(nothingToDo);
    const again = start('loader');
    await sendMore('wider');
    await balanced();

    const status: ClusterStatus = JSON.parse(await done('status', '--json'));
    expect(status).toMatchObject({
      pipeline: 'ledger',
      applying: null,
      topics: expect.arrayContaining([
        expect.objectContaining({ topic: 'ledger.clean', partitions: 2, replicas: 1 }),
      ]),
      groups: expect.arrayContaining([
        expect.objectContaining({ group: 'ledger.loader', topic: 'ledger.clean', members: 1 }),
      ]),
      jobs: jobNames.map((job) =>
        expect.objectContaining({ job, state: 'RUNNING', failure: null }),
      ),
      tables: expect.arrayContaining([
        expect.objectContaining({ table: 'events', rows: sent.length }),
      ]),
    });
    expect(await done('status')).toMatch(/ledger\.dedup +RUNNING/);
    await collector.stop();
    await again.stop();
  }, 1_500_000);

  test('takes each change of a definition while events flow and questions are asked', async () => {
    for (const id of await jobs()) await jobManager.cancel(id);
    const store = await StoreProcess.start(join(folder, 'changing'));
    const file = join(folder, 'changing.config.ts');
    env = clusterEnv(file, { kafka, flink, store });
    let definition: Changing = {};
    const change = (to: Changing): void => {
      definition = { ...definition, ...to };
      writeFileSync(file, changing(definition));
    };
    change({});
    await done('apply');
    let loader = start('loader');
    let collector = start('collector');
    let query = start('query');
    onTestFinished(async () => {
      await Promise.all([collector, loader, query].map((one) => one.stop()));
      await store.stop();
    });
    let collectorUrl = await collector.url();
    let queryUrl = await query.url();
    /** The new ones are there before those of the definition before go. */
    const follow = async (): Promise<void> => {
      const before = [collector, query];
      collector = start('collector');
      query = start('query');
      [collectorUrl, queryUrl] = await Promise.all([collector.url(), query.url()]);
      await Promise.all(before.map((one) => one.stop()));
    };
    const ledger = new Ledger();
    const closing = new AbortController();
    const writing = ledger.write('w', seed, () => collectorUrl, closing.signal, 100);
    const asking = askOnAndOn(() => queryUrl, ledger, closing.signal, [
      'SELECT type, sum(events) FROM by_minute GROUP BY type',
      'SELECT type, max(window_end) FROM busy GROUP BY type',
      'SELECT sum(properties.price) FROM events',
    ]);
    /** Until answers have all that is sent by now. */
    const goesOn = (): Promise<void> => {
      const nowMs = Date.now();
      return expect.poll(() => asOfMs(queryUrl), patience).toBeGreaterThan(nowMs);
    };
    const applied = async (...told: readonly string[]): Promise<void> => {
      const output = await done('apply');
      for (const what of told) expect(output).toContain(what);
    };
    /** Tables change while nobody loads: events wait in Kafka. */
    const applyUnloaded = async (...told: readonly string[]): Promise<void> => {
      await loader.stop();
      await applied(...told);
      loader = start('loader');
      await follow();
      await goesOn();
    };
    await goesOn();

    change({ currency: "oneOf('GBP', 'EUR')" });
    await applyUnloaded('events.purchase.currency: A new property');

    change({ price: 'decimal(18, 4)' });
    const refused = await millrace('plan');
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('events.view.price: Stored events have price at another type');
    expect(refused.output).toContain(
      'Give what is sent from now on a new name, and keep this one declared, as optional(…). (plan_conflict)',
    );
    change({ price: 'decimal(18, 2)', amount: 'decimal(18, 4)', optional: true });
    await applyUnloaded(
      'events.purchase.amount: A new property',
      'events.purchase.price: Optional from now on.',
    );

    change({ currency: "oneOf('GBP', 'EUR', 'USD')" });
    await applied('events.purchase.currency: Other values or members are taken from now on.');
    await follow();
    const properties = { product_id: 'p1', amount: '1.2345', currency: 'USD' };
    const body = JSON.stringify({ event_id: 'dollars', type: 'purchase', properties });
    const answer = await fetch(`${collectorUrl}/v1/events`, { method: 'POST', body });
    expect(await answer.json()).toMatchObject({ accepted: 1, rejected: [] });

    change({ dedup: '1h' });
    await applied('dedup.window: Shorter', '~ job changing.dedup: stop with a savepoint');
    await goesOn();

    change({ every: '2s' });
    await applied(
      'windows.busy: Version 2: its results begin with what the clean log still has',
      '+ job changing.busy__v2: start, from the beginning of changing.clean',
      'busy answers from busy__v2 from now on',
    );
    await follow();
    await goesOn();
    expect(await done('plan')).toBe(nothingToDo);

    closing.abort();
    await writing;
    const { failures, lacking, answers } = await asking;
    expect({ failures, lacking }).toEqual({ failures: [], lacking: [] });
    expect(answers).toBeGreaterThan(10);
    const sent = [...ledger.sent.values()];
    const cents = sent.reduce((sum, one) => sum + Number(one.properties.price.replace('.', '')), 0);
    await vi.waitFor(async () => {
      const stored = `count() AS events, uniqExact(event_id) AS ids, toInt64(sum(properties.price) * 100) AS cents,
        toString(sum(properties.amount)) AS amount, (SELECT sum(events) FROM by_minute) AS counted`;
      const events = String(sent.length + 1);
      const balance = { events, ids: events, cents: String(cents), amount: '1.2345' };
      const [row] = await store.ask('', `SELECT ${stored} FROM events`);
      expect(row).toEqual({ ...balance, counted: events });
    }, patience);
    // Those that are out, the first of which ended before the window was changed.
    await vi.waitFor(() => expectBusy(store, 2), patience);
  }, 900_000);

  test('replays a window while events flow and an alert is about it, wherever it is killed', async () => {
    for (const id of await jobs()) await jobManager.cancel(id);
    const store = await StoreProcess.start(join(folder, 'anew'));
    const receiver = await Receiver.open();
    const file = join(folder, 'anew.config.ts');
    writeFileSync(file, anew);
    env = {
      ...clusterEnv(file, { kafka, flink, store }),
      ...{ TEST_WEBHOOK: receiver.url, MILLRACE_WEBHOOK_SECRET: 'a long and random text' },
    };
    await done('apply');
    const roles = [start('loader'), start('collector')];
    const closing = new AbortController();
    const callers: CommandProcess[] = [];
    onTestFinished(async () => {
      closing.abort();
      await Promise.all([...roles, ...callers].map((one) => one.stop()));
      receiver.close();
      await store.stop();
    });
    const collectorUrl = await roles[1]?.url();
    const ledger = new Ledger({ oldShare: 0 });
    const writing = ledger.write('w', seed, () => collectorUrl ?? null, closing.signal, 50);
    const outNow = () => store.rows('SELECT window_end FROM busy');
    await expect.poll(async () => (await outNow()).length, patience).toBeGreaterThan(20);
    callers.push(start('alerts'));
    await expect.poll(() => receiver.received.length, patience).toBeGreaterThan(5);
    const calledFrom = Math.min(...receiver.received.map(endOf));

    // Before what alerts have yet to tell.
    const lost = `type = 'view' AND window_end < fromUnixTimestamp64Milli(toInt64(${calledFrom}))`;
    const old = await store.rows(`SELECT window_end, type, events FROM busy WHERE ${lost}`);
    expect(old.length).toBeGreaterThan(0);
    await store.store.define(`ALTER TABLE busy__v1 DELETE WHERE ${lost}`);
    const oldNow = () => store.rows(`SELECT window_end, type, events FROM busy WHERE ${lost}`);
    const log = ['replay', 'start', '--window', 'busy', '--from', 'log'];
    const shown = await millraceWith({ MILLRACE_CRASH_AT: 'window-replay-shown' }, ...log);
    expect(shown.errors).toBe('crash point window-replay-shown reached\n');
    for (const what of [
      '+ window busy v2: make busy__v2',
      '+ job anew.busy__v2: start, from the beginning of anew.clean',
      '~ window busy v2: fill it from the log; version 1 answers until then',
    ])
      expect(shown.output).toContain(what);
    await buryApply(kafka, 'anew');
    const status: ClusterStatus = JSON.parse(await done('status', '--json'));
    expect(status.windows).toMatchObject([
      { window: 'busy', version: 1, state: 'shown' },
      { window: 'busy', version: 2, state: 'filled' },
    ]);
    expect(await done(...log)).toContain('busy answers from busy__v2 from now on');
    expect(await done('plan')).toBe(nothingToDo);
    expect((await oldNow()).map(asText).sort()).toEqual(old.map(asText).sort());
    // Who calls is another process, which was started with the version before.
    await callers[0]?.stop();
    callers.push(start('alerts'));
    expect(await done('replay', 'back', 'busy')).toContain(
      'busy answers from busy__v1 from now on',
    );
    expect(await oldNow()).toEqual([]);

    const events = ['replay', 'start', '--window', 'busy', '--from', 'events'];
    const inserted = await millraceWith({ MILLRACE_CRASH_AT: 'window-replay-inserted' }, ...events);
    expect(inserted.errors).toBe('crash point window-replay-inserted reached\n');
    expect(inserted.output).toContain(
      '+ job anew.busy__v3: start, from the windows that are open of anew.clean',
    );
    await buryApply(kafka, 'anew');
    expect(await done(...events)).toContain('busy answers from busy__v3 from now on');
    expect(await done('replay', 'list')).toBe(
      'busy v1 is kept, to go back to\nbusy v3 is what readers see (replayed from the events)\n',
    );
    expect(await done('replay', 'drop', 'busy')).toContain('- window busy v1: drop');
    const tables = await store.rows(
      "SELECT name FROM system.tables WHERE database = 'millrace' AND startsWith(name, 'busy') ORDER BY name",
    );
    expect(tables.map(({ name }) => name)).toEqual([
      ...['busy', 'busy__v3', 'busy__v3__results', 'busy__v3__results__fill'],
    ]);

    const told = receiver.received.length;
    await expect.poll(() => receiver.received.length, patience).toBeGreaterThan(told);
    closing.abort();
    await writing;
    await vi.waitFor(() => expectBusy(store, 1), patience);
    // Of results that were made anew nobody is told, and of those that come everybody once.
    await vi.waitFor(async () => {
      const [row] = await store.rows(
        `SELECT count() AS n FROM busy WHERE window_end >= fromUnixTimestamp64Milli(toInt64(${calledFrom}))`,
      );
      const ids = receiver.received.map(({ headers }) => headers['millrace-id']);
      expect(new Set(ids).size).toBe(Number(row?.n));
      expect(Math.min(...receiver.received.map(endOf))).toBe(calledFrom);
    }, patience);
  }, 900_000);

  test('what Flink does not understand is told in its words', async () => {
    const { sqlGateway } = flink.addresses;
    const job = { name: 'j', settings: {}, statements: ['SELECT nothing FROM nowhere'] };
    for (const ask of [submitJob, explainJob])
      await expect(ask(sqlGateway, job)).rejects.toMatchObject({
        code: 'flink_refused',
        message: expect.stringContaining("Object 'nowhere' not found"),
      });
  });
});

/** The pipeline of the ledger, with a property more. */
const widened = `
import ledger from ${JSON.stringify(pipeline)};
import { definePipeline, event, optional, string } from 'millrace';
const { events } = ledger;
export default definePipeline({
  ...ledger,
  events: { ...events, view: event({ ...events.view.properties, page: optional(string()) }) },
});
`;

/** What becomes another of a definition whose parts change one after the other. */
interface Changing {
  readonly price?: string;
  readonly optional?: boolean;
  readonly amount?: string;
  readonly currency?: string;
  readonly dedup?: string;
  readonly every?: string;
}

/** What the ledger sends, declared as far as is said. */
const changing = ({ price = 'decimal(18, 2)', ...parts }: Changing): string => `
import { count, decimal, definePipeline, event, oneOf, optional, rollup, string, window } from 'millrace';
const properties = {
  product_id: string(),
  price: ${parts.optional ? `optional(${price})` : price},
  ${parts.amount ? `amount: optional(${parts.amount}),` : ''}
  ${parts.currency ? `currency: optional(${parts.currency}),` : ''}
};
const of = { from: ['view', 'purchase'], by: ['type'], measures: { events: count() } };
export default definePipeline({
  name: 'changing',
  events: { view: event(properties), purchase: event(properties) },
  dedup: { window: '${parts.dedup ?? '24h'}' },
  lateness: '5s',
  rollups: [rollup('by_minute', { ...of, every: 'minute' })],
  windows: [window('busy', { ...of, tumbling: '${parts.every ?? '1s'}' })],
});
`;

/** A window alone, and an alert on each of its results. */
const anew = `
import ledger from ${JSON.stringify(pipeline)};
import { alert, count, definePipeline, window } from 'millrace';
export default definePipeline({
  ...{ name: 'anew', events: ledger.events, lateness: '5s' },
  windows: [
    window('busy', {
      ...{ from: ['view', 'purchase'], by: ['type'], measures: { events: count() } },
      tumbling: '1s',
    }),
  ],
  alerts: [alert('crowd', { on: 'busy', webhook: process.env.TEST_WEBHOOK })],
});
`;

/** Times as milliseconds, and numbers as text, however the store says them. */
const asText = ({ window_end, type, events }: { readonly [column: string]: unknown }): string =>
  `${Date.parse(String(window_end))} ${type} ${events}`;

/** When the window of a result ended that a webhook was called with. */
const endOf = ({ body }: Received): number => {
  const call: { readonly result: { readonly window_end: string } } = JSON.parse(body);
  return Date.parse(call.result.window_end);
};

/** That the results of `busy` that are out, of windows so long, are those of the events. */
async function expectBusy(store: StoreProcess, seconds: number): Promise<void> {
  const results = await store.rows('SELECT window_end, type, events FROM busy ORDER BY ALL');
  const counted = await store.rows(
    `SELECT toStartOfInterval(timestamp, toIntervalSecond(${seconds})) + toIntervalSecond(${seconds}) AS window_end,
       type, count() AS events FROM events WHERE NOT late GROUP BY ALL
     HAVING window_end <= (SELECT max(busy.window_end) FROM busy) ORDER BY ALL`,
  );
  expect(results.length).toBeGreaterThan(30);
  expect(results.map(asText)).toEqual(counted.map(asText));
}

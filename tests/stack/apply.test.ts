import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JobManager } from '../../packages/millrace/src/adapters/flink/job-manager.ts';
import { explainJob, submitJob } from '../../packages/millrace/src/adapters/flink/sql-gateway.ts';
import { TopicAdmin } from '../../packages/millrace/src/adapters/kafka/topic-admin.ts';
import type { ClusterStatus } from '../../packages/millrace/src/runtime/distributed/cluster-status.ts';
import { type Flink, startFlink } from '../../tools/stack/flink.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { clusterEnv, StoreProcess } from '../support/cluster.ts';
import { CommandProcess } from '../support/command-process.ts';
import { type Ended, runCommand } from '../support/run-command.ts';

const pipeline = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));

const jobNames = ['ledger.dedup', 'ledger.by_minute__v1', 'ledger.purchases_by_day__v1'];

describe('millrace apply', () => {
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
    // A job for the clean log, and one for each rollup.
    flink = await startFlink({ folder: join(folder, 'flink'), slots: jobNames.length });
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

  const millrace = (...args: readonly string[]): Promise<Ended> =>
    runCommand(args, { cwd: folder, env });
  const done = async (...args: readonly string[]): Promise<string> => {
    const ended = await millrace(...args);
    expect(ended).toMatchObject({ code: 0, errors: '' });
    return ended.output;
  };
  const nothingToDo = 'Nothing to do: all is as the pipeline says.\n';

  const start = (role: 'collector' | 'loader'): CommandProcess =>
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
      expect
        .poll(stored, { timeout: 120_000, interval: 200 })
        .toEqual([sent.length, sent.length, sent.length]);
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

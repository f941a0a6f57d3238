import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { count, createClient } from 'millrace/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flinkJobs } from '../../packages/millrace/src/compile/flink/jobs.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import type { Answer } from '../../packages/millrace/src/query/answer-question.ts';
import { type Flink, startFlink } from '../../tools/stack/flink.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { jobSettings, makeTopics, StoreProcess, startJobs, startRole } from '../support/cluster.ts';
import { hoped } from '../support/cluster-report.ts';
import type { CommandProcess } from '../support/command-process.ts';
import definition from '../support/ledger.config.ts';
import { Ledger } from '../support/ledger.ts';
import { testSeed } from '../support/random.ts';

const pipeline = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));
const command = fileURLToPath(new URL('../../packages/millrace/bin/millrace.js', import.meta.url));
const run = promisify(execFile);
const plan = planOf(definition);
const seed = testSeed();
const readKey = 'r-key';

const total = { from: ['view', 'purchase'], measures: { events: { kind: 'count' } } } as const;
/** The same number from the events, where that is of a rollup. */
const totalOfEvents = { ...total, where: { price: { gte: '0' } } } as const;

describe(`an answer has all that was acknowledged before its as_of (seed ${seed})`, () => {
  let folder: string;
  let kafka: Kafka;
  let flink: Flink;
  let store: StoreProcess;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-query-role-'));
    kafka = await startKafka({ folder: join(folder, 'kafka') });
    flink = await startFlink({ folder: join(folder, 'flink'), slots: 6 });
    store = await StoreProcess.start(folder, plan);
    await makeTopics(kafka.addresses.bootstrap, plan, 2);
    await startJobs(flink, flinkJobs(plan, jobSettings(kafka.addresses.bootstrap)));
  }, 300_000);
  afterAll(async () => {
    await store.stop();
    await flink.stop();
    await kafka.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (role: 'collector' | 'loader' | 'query'): CommandProcess =>
    startRole(role, {
      ...{ pipeline, kafka: kafka.addresses.bootstrap, storeUrl: store.url },
      env: { MILLRACE_READ_KEYS: readKey },
    });

  test('whoever is killed meanwhile', async () => {
    const ledger = new Ledger();
    const closing = new AbortController();
    const collector = start('collector');
    let loader = start('loader');
    const roles = [start('query'), start('query')];
    const url = await collector.url();
    const urls = await Promise.all(roles.map((role) => role.url()));
    const [first = ''] = urls;

    const acknowledged = new Acknowledged(ledger);
    const writing = [1, 2].map((n) => ledger.write(`w${n}`, seed + n, () => url, closing.signal));
    const answers: Answer[] = [];
    const failures: string[] = [];
    const asking = urls.map(async (role) => {
      while (!closing.signal.aborted) {
        for (const question of [total, totalOfEvents]) {
          const answer = await ask(role, question);
          if (typeof answer === 'string') failures.push(answer);
          else {
            answers.push(answer);
            acknowledged.compare(answer);
          }
        }
        await sleep(20);
      }
    });
    /** Until it is known that what answers has all up to moments after this one. */
    const goesOn = async (question: object = total): Promise<void> => {
      const now = Date.now();
      const asOf = async (): Promise<number> => asOfMs(await ask(first, question));
      const goneOn = expect.poll(asOf, { timeout: 240_000, interval: 200 }).toBeGreaterThan(now);
      await hoped({ plan, kafka, flink, store }, goneOn);
    };

    await goesOn();
    const undisturbed = acknowledged.behindMs(0.5);
    const { stdout } = await run(command, [
      ...['query', 'view,purchase', '--measure', 'events=count', '--json'],
      ...['--port', new URL(first).port, '--read-keys', readKey],
    ]);
    acknowledged.compare(JSON.parse(stdout));
    const sql = ['sql', 'SELECT max(_partition) FROM events', '--format', 'TSV'];
    const port = ['--port', new URL(first).port, '--read-keys', readKey];
    expect((await run(command, [...sql, ...port])).stdout).toBe('1\n');

    loader.kill('SIGKILL');
    loader = start('loader');
    await goesOn();
    flink.kill('taskmanager-1', 'SIGKILL');
    await flink.restart('taskmanager-1');
    await goesOn();
    expect(failures).toEqual([]);
    await store.killAndRestart();
    await goesOn();
    // Nothing is stored meanwhile, so that an answer kept from before may tide over all of it.
    expect(failures.filter((failure) => failure !== '503 store_unavailable')).toEqual([]);

    closing.abort();
    await Promise.all([...writing, ...asking]);
    acknowledged.stop();
    expect(acknowledged.lacking).toEqual([]);
    expect(new Set(answers.map(({ served_by }) => served_by))).toEqual(
      new Set(['events', 'by_minute']),
    );
    // Nothing comes any more, and the last is told all the same, of events and of what Flink computes.
    await goesOn(totalOfEvents);
    await goesOn();
    const balanced = () => ledger.balance(first, askSql).then(() => true);
    await expect.poll(balanced).toBe(true);
    expect(ledger.acknowledged.size).toBeGreaterThan(1_000);
    const client = createClient<typeof definition>({ url: first, readKey });
    const { rows, asOf: told } = await client.query({
      from: ['view', 'purchase'],
      measures: { events: count() },
    });
    expect(rows[0]?.events).toBeGreaterThanOrEqual(BigInt(ledger.acknowledged.size));
    expect(told).toBeInstanceOf(Date);
    console.info(
      `${answers.length} answers, ${acknowledged.compared} of them compared; as_of at the median ${undisturbed} ms behind until the first was killed, and at most ${acknowledged.behindMs(1)} ms`,
    );

    kafka.kill('broker-1', 'SIGKILL');
    let last = 0;
    const standsStill = async (): Promise<boolean> => {
      const before = last;
      last = asOfMs(await ask(first, totalOfEvents));
      return last > 0 && last === before;
    };
    await expect.poll(standsStill, { timeout: 60_000, interval: 2_000 }).toBe(true);
    await kafka.restart('broker-1');
    await goesOn(totalOfEvents);
    await Promise.all([collector, loader, ...roles].map((one) => one.stop()));
  }, 1_200_000);

  test('a key for some tables gets no others, and nobody what would read too much', async () => {
    // How many rows the rollup has depends on how much was written above, so the bound does as well.
    const [lying] = await store.rows(
      "SELECT sum(rows) AS rows FROM system.parts WHERE startsWith(table, 'by_minute__v1') AND active",
    );
    const rowsMax = Number(lying?.rows) + 50_000;
    const events = 2 * rowsMax;
    const range = { since: '2026-05-01', until: '2026-06-01' };
    const stepMs = (Date.parse(range.until) - Date.parse(range.since)) / events;
    await store.store.define(`
      INSERT INTO millrace.events (event_id, type, timestamp, properties)
      SELECT concat('old-', toString(number)), 'view',
             fromUnixTimestamp64Milli(toInt64(${Date.parse(range.since)} + number * ${stepMs}), 'UTC'),
             '{"product_id":"p","price":"0.50"}'
      FROM numbers(${events})`);
    const role = startRole('query', {
      ...{ pipeline, kafka: kafka.addresses.bootstrap, storeUrl: store.url },
      args: ['--question-rows-max', String(rowsMax)],
      env: { MILLRACE_READ_KEYS: `${readKey},sums:tables=by_minute,all:tables=events` },
    });
    const url = await role.url();
    const servedBy = async (question: object, key: string): Promise<string> => {
      const answer = await ask(url, question, key);
      return typeof answer === 'string' ? answer : answer.served_by;
    };
    expect(await servedBy(total, 'sums')).toBe('by_minute');
    expect(await servedBy(totalOfEvents, 'sums')).toBe('403 read_key_limited');
    expect(await servedBy({ ...total, ...range, since: '2026-05-31' }, 'all')).toBe('events');
    expect(await servedBy({ kind: 'live' }, 'sums')).toBe('403 read_key_limited');
    expect(await askSql(url, 'SHOW TABLES', 'sums')).toEqual([{ name: 'by_minute' }]);
    const refused = askSql(url, 'SELECT count() FROM events', 'sums');
    await expect(refused).rejects.toThrow('(ACCESS_DENIED)');

    expect(await ask(url, { ...totalOfEvents, ...range })).toBe('422 question_too_costly');
    await role.stop();
  });
});

/** How many events had been acknowledged at which moment, as their senders saw it. */
class Acknowledged {
  readonly #seen: { readonly atMs: number; readonly events: number }[] = [];
  readonly #looking: NodeJS.Timeout;
  readonly #behindMs: number[] = [];
  compared = 0;
  readonly lacking: string[] = [];

  constructor(ledger: Ledger) {
    this.#looking = setInterval(() => {
      this.#seen.push({ atMs: Date.now(), events: ledger.acknowledged.size });
    }, 10);
  }

  compare(answer: Answer): void {
    if (answer.as_of === null) return;
    const until = asOfMs(answer);
    this.#behindMs.push(Date.now() - until);
    const before = this.#seen.findLast(({ atMs }) => atMs <= until)?.events ?? 0;
    if (before > 0) this.compared += 1;
    const { events } = answer.rows[0] ?? {};
    if (Number(events) >= before) return;
    this.lacking.push(`${answer.as_of}: ${events} events of ${before} in ${answer.served_by}`);
  }

  behindMs(share: number): number | undefined {
    const sorted = [...this.#behindMs].sort((a, b) => a - b);
    return sorted[Math.ceil(share * sorted.length) - 1];
  }

  stop(): void {
    clearInterval(this.#looking);
  }
}

const asOfMs = (answer: Answer | string): number =>
  typeof answer === 'string' ? 0 : Date.parse(answer.as_of ?? new Date(0).toISOString());

/** The answer, or its status and the code of its error. */
async function ask(url: string, question: object, key = readKey): Promise<Answer | string> {
  const body = JSON.stringify(question);
  const response = await fetch(`${url}/v1/query`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${key}` },
  });
  const answer: Answer & { error?: { code: string } } = JSON.parse(await response.text());
  return response.ok ? answer : `${response.status} ${answer.error?.code}`;
}

const askSql = async <Row>(url: string, sql: string, key = readKey): Promise<readonly Row[]> => {
  const response = await fetch(
    `${url}/sql?default_format=JSONEachRow&output_format_json_quote_64bit_integers=1&output_format_json_quote_decimals=1`,
    { method: 'POST', body: sql, headers: { authorization: `Bearer ${key}` } },
  );
  const text = await response.text();
  if (!response.ok) throw new Error(`${sql}: ${text}`);
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line): Row => JSON.parse(line));
};

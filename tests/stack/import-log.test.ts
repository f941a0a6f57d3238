import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { readMarks } from '../../packages/millrace/src/adapters/kafka/mark-topic.ts';
import {
  type TopicRecords,
  TransactionSession,
} from '../../packages/millrace/src/adapters/kafka/transaction-session.ts';
import { topicNames } from '../../packages/millrace/src/compile/kafka/topics.ts';
import { MillraceError } from '../../packages/millrace/src/errors.ts';
import { rowsTaken } from '../../packages/millrace/src/import/ledger.ts';
import { definePipeline, event } from '../../packages/millrace/src/index.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import type { LogRecord } from '../../packages/millrace/src/ports/log.ts';
import { openClusterImport } from '../../packages/millrace/src/runtime/distributed/cluster-import.ts';
import {
  type ImportLog,
  importLog,
} from '../../packages/millrace/src/runtime/distributed/import-log.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { makeTopics } from '../support/cluster.ts';
import { onlineRetail } from '../support/conformance/real-files.ts';
import { runImport } from '../support/import-process.ts';
import { readUntil } from '../support/kafka-records.ts';

const clock = { now: () => Date.now() };
const reach = (): void => {};
const planOfName = (name: string) => planOf(definePipeline({ name, events: { view: event({}) } }));
const key = { file: 'f'.repeat(16), mapping: 'a'.repeat(16) };
const producer = rowsTaken(key);

let folder: string;
let kafka: Kafka;
let bootstrap: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-import-log-'));
  kafka = await startKafka({ folder });
  bootstrap = kafka.addresses.bootstrap;
}, 300_000);
afterAll(async () => {
  await kafka?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const address = () => ({ brokers: [bootstrap], clientId: 'test' });
const records = (...keys: readonly string[]): readonly LogRecord[] =>
  keys.map((key) => ({ key, value: JSON.stringify(key) }));

async function begin(transactionalId: string): Promise<TransactionSession> {
  const limits = { timeoutMs: 300_000, answerMsMax: 60_000 };
  const session = await TransactionSession.begin({ ...address(), ...limits, transactionalId });
  onTestFinished(() => session.close());
  return session;
}

/** As often as a busy machine needs. */
async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'log_unavailable') throw error;
    }
  }
}

/** Writes everything, and does not come to its end: as if the process was killed or slept then. */
async function leaveOpen(
  session: TransactionSession,
  topics: readonly TopicRecords[],
): Promise<void> {
  const asleep = new Error('asleep');
  const never = (): never => {
    throw asleep;
  };
  await expect(session.commit(topics, clock, never)).rejects.toBe(asleep);
}

const committed = (session: TransactionSession, topics: readonly TopicRecords[]): Promise<void> =>
  session.commit(topics, clock, reach);

test('a transaction is there whole or not at all, and who sleeps in one has lost it', {
  timeout: 300_000,
}, async () => {
  const plan = planOfName('whole');
  const { raw, deadLetters } = topicNames(plan);
  await makeTopics(bootstrap, plan, 3);
  const many = Array.from({ length: 500 }, (_, i) => `first ${i}`);
  const first = await begin('one');
  await committed(first, [{ topic: raw, records: records(...many) }]);
  await leaveOpen(first, [
    { topic: raw, records: records('lost') },
    { topic: deadLetters, records: records('lost') },
  ]);

  const second = await begin('one');
  await expect(committed(first, [{ topic: raw, records: records('fenced') }])).rejects.toThrow();
  // Together larger than a batch may be.
  const large = Array.from({ length: 12 }, (_, i) => ({
    key: `${i}`,
    value: JSON.stringify(randomBytes(300_000).toString('base64')),
  }));
  await committed(second, [
    { topic: raw, records: large },
    { topic: deadLetters, records: records('kept') },
  ]);
  const all = await readUntil(bootstrap, raw, (values) => values.length === 512);
  expect(new Set(all)).toEqual(
    new Set([...many.map((one) => JSON.stringify(one)), ...large.map(({ value }) => value)]),
  );
  expect(await readUntil(bootstrap, deadLetters, () => true)).toEqual(['"kept"']);
});

test('what is committed behind an open transaction is known', { timeout: 300_000 }, async () => {
  const plan = planOfName('behind');
  const { imports: topic } = topicNames(plan);
  await makeTopics(bootstrap, plan, 1);
  const mark = (name: string, position: number): TopicRecords => ({
    topic,
    records: [{ key: name, value: JSON.stringify({ producer: name, position }) }],
  });
  await leaveOpen(await begin('other'), [mark('other', 1)]);
  await committed(await begin('own'), [mark('own', 7)]);
  let isOver = false;
  const reading = readMarks({ ...address(), topic }).finally(() => {
    isOver = true;
  });
  await begin('own');
  expect(isOver).toBe(false);
  // Which ends what it left open.
  await begin('other');
  expect(await reading).toEqual(new Map([['own', 7]]));
});

test('an import is taken further by one process', { timeout: 300_000 }, async () => {
  const plan = planOfName('further');
  const topics = topicNames(plan);
  await makeTopics(bootstrap, plan, 2);
  const begun = async (): Promise<ImportLog> => {
    const log = importLog({ kafka: address(), topics, clock, reach });
    onTestFinished(() => log.close());
    await patiently(() => log.begin(key));
    return log;
  };
  const take = (log: ImportLog, position: number, ...keys: readonly string[]) =>
    patiently(async () => {
      await log.deadLetters.append(records(`bad ${position}`));
      return log.events.append(records(...keys), { mark: { producer, position } });
    });
  const one = await begun();
  expect(await take(one, 2, 'a', 'b')).toEqual({ appended: 2, duplicates: 0 });
  const other = await begun();
  expect(other.events.marks()).toEqual(new Map([[producer, 2]]));
  // The other has fenced it: it begins anew, and goes on where it was.
  expect(await take(one, 4, 'c')).toEqual({ appended: 1, duplicates: 0 });
  await expect(take(other, 3, 'c')).rejects.toMatchObject({ code: 'import_conflict' });
  expect((await begun()).events.marks()).toEqual(new Map([[producer, 4]]));
  const taken = await readUntil(bootstrap, topics.raw, ({ length }) => length === 3);
  expect([...taken].sort()).toEqual(['"a"', '"b"', '"c"']);
  const letters = await readUntil(bootstrap, topics.deadLetters, ({ length }) => length === 2);
  expect([...letters].sort()).toEqual(['"bad 2"', '"bad 4"']);
});

test('rows of a file are in the raw log once, though the command is killed; a file that is known adds nothing', {
  timeout: 900_000,
}, async () => {
  const { definition, config, mapping, text, events } = onlineRetail;
  const { raw, deadLetters } = topicNames(planOf(definition));
  await makeTopics(bootstrap, planOf(definition), 1);
  const file = join(folder, 'rows.csv');
  const lines = text(10_000).split('\n');
  // In the third chunk, of which no process is told that it is there.
  const bad = '536800,BAD,A LAMP,many,2010-12-02 17:00:00,2.55,17850.0,United Kingdom';
  writeFileSync(file, lines.toSpliced(4_500, 0, bad).join('\n'));
  const importRows = (crashAt = '') =>
    runImport({
      ...{ file, mapping, pipeline: config, data: join(folder, 'nobody') },
      flags: ['--kafka', bootstrap],
      env: { MILLRACE_CRASH_AT: crashAt },
    });

  expect((await importRows('import-written:3')).signal).toBe('SIGKILL');
  // The third chunk anew, of which nobody was told then.
  expect((await importRows('log-appended:1')).signal).toBe('SIGKILL');
  const resumed = await importRows();
  // Where a busy machine made it repeat a chunk, that of the second, not of the third.
  expect(resumed.stdout).toMatch(/^Went on after row [46],000, where/);
  expect(resumed.code).toBe(0);
  expect((await importRows()).stdout).toContain('was imported before, all 10,001 rows of it');

  const ends = [raw, deadLetters].map((topic) => ({ topic, records: records('end') }));
  await committed(await begin('end'), ends);
  const valuesOf = async (topic: string) => {
    const values = await readUntil(bootstrap, topic, (all) => all.includes('"end"'));
    return values.slice(0, -1).map((value) => JSON.parse(value));
  };
  const found: readonly { readonly event_id: string }[] = await valuesOf(raw);
  const firsts = new Map(
    events(10_000)
      .toReversed()
      .map((one) => [one.event_id, one]),
  );
  const wanted = [...firsts.values()].map((one) => ({
    ...one,
    ...{ received_at: one.timestamp, appended_at: one.timestamp, late: false },
  }));
  const byId = (a: { readonly event_id: string }, b: { readonly event_id: string }): number =>
    a.event_id < b.event_id ? -1 : 1;
  expect(found.toSorted(byId)).toEqual(wanted.toSorted(byId));
  expect(await valuesOf(deadLetters)).toEqual([
    expect.objectContaining({ code: 'wrong_type', reason: expect.stringContaining('many') }),
  ]);
});

test('a cluster that was not applied is refused', { timeout: 300_000 }, async () => {
  const plan = planOfName('nothing');
  const onProblem = (): void => {};
  await expect(
    openClusterImport({ plan, mapping: 'a', kafka: address(), clock, reach, onProblem }),
  ).rejects.toMatchObject({
    code: 'topics_missing',
    message: expect.stringContaining('nothing.raw, nothing.dead_letters, nothing.imports'),
  });
});

import { join } from 'node:path';
import { openClickHouseStore } from '../../packages/millrace/src/adapters/clickhouse/clickhouse-store.ts';
import { submitJob } from '../../packages/millrace/src/adapters/flink/sql-gateway.ts';
import { openJournal } from '../../packages/millrace/src/adapters/kafka/journal.ts';
import { TopicAdmin } from '../../packages/millrace/src/adapters/kafka/topic-admin.ts';
import { systemClock } from '../../packages/millrace/src/adapters/system-clock.ts';
import { clickhouseDdl } from '../../packages/millrace/src/compile/clickhouse/ddl.ts';
import type { FlinkJob, FlinkSettings } from '../../packages/millrace/src/compile/flink/job.ts';
import { kafkaTopics } from '../../packages/millrace/src/compile/kafka/topics.ts';
import type { Plan } from '../../packages/millrace/src/plan/plan.ts';
import { resultRows } from '../../packages/millrace/src/ports/result-rows.ts';
import { exactJson, type Store } from '../../packages/millrace/src/ports/store.ts';
import {
  type AppliedEntry,
  appliedIn,
} from '../../packages/millrace/src/runtime/distributed/apply/applied.ts';
import { placed } from '../../packages/millrace/src/runtime/distributed/apply/claim.ts';
import type { Flink } from '../../tools/stack/flink.ts';
import type { Kafka } from '../../tools/stack/kafka.ts';
import { freePort } from '../../tools/stack/ports.ts';
import { CommandProcess } from './command-process.ts';
import type { Ask } from './ledger.ts';

/** Makes a plan's topics. */
export async function makeTopics(
  bootstrap: string,
  plan: Plan,
  partitions: number,
  replication = 1,
): Promise<void> {
  const admin = new TopicAdmin({ clientId: 'test', brokers: bootstrap.split(',') });
  for (const topic of kafkaTopics(plan, { partitions, replication })) await admin.create(topic);
  await admin.close();
}

/** For the jobs of a test: results soon, and transactions that fit the test's broker. */
export const jobSettings = (bootstrap: string): FlinkSettings => ({
  bootstrapServers: bootstrap,
  parallelism: 2,
  checkpointMs: 1_000,
  transactionTimeoutMs: 600_000,
});

/** Starts jobs, one after the other. */
export async function startJobs(flink: Flink, jobs: readonly FlinkJob[]): Promise<void> {
  for (const job of jobs) await submitJob(flink.addresses.sqlGateway, job);
}

export interface RoleOptions {
  readonly pipeline: string;
  readonly kafka: string;
  /** Of the store, where the role has one. */
  readonly storeUrl?: string;
  /** More of the command's arguments. */
  readonly args?: readonly string[];
  readonly env?: { readonly [name: string]: string };
}

/** A role of a pipeline, in a process of its own on a free port. */
export const startRole = (
  role: 'alerts' | 'archiver' | 'collector' | 'gate' | 'loader' | 'query',
  { pipeline, kafka, storeUrl, args = [], env = {} }: RoleOptions,
): CommandProcess =>
  new CommandProcess(
    [
      ...['start', '--role', role, '--pipeline', pipeline, '--port', '0', '--kafka', kafka],
      ...(storeUrl === undefined ? [] : ['--store-url', storeUrl]),
      ...args,
    ],
    env,
  );

/** `millrace store` with a plan's tables, which can be killed and comes back where it was. */
export class StoreProcess {
  readonly #args: readonly string[];
  readonly url: string;
  readonly store: Store;
  #process: CommandProcess;

  private constructor(args: readonly string[], url: string, process: CommandProcess, store: Store) {
    this.#args = args;
    this.url = url;
    this.#process = process;
    this.store = store;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** @param plan whose tables are made; none if left out. */
  static async start(folder: string, plan?: Plan): Promise<StoreProcess> {
    const port = String(await freePort());
    const args = ['store', '--data', join(folder, 'store'), '--port', port];
    const process = new CommandProcess(args);
    const url = await process.url();
    const store = await openClickHouseStore({ url, database: 'millrace' });
    const options = { database: 'millrace', computedBy: 'flink' } as const;
    const statements = plan ? clickhouseDdl(plan, options).statements : [];
    for (const statement of statements) await store.define(statement);
    return new StoreProcess(args, url, process, store);
  }

  /** Every value whole, and times as ISO 8601. */
  async rows(sql: string): Promise<readonly { readonly [column: string]: unknown }[]> {
    return resultRows(await this.store.read(sql, { settings: exactJson }));
  }

  /** As `rows` of a running Millrace. */
  readonly ask: Ask = async <Row>(_url: string, sql: string): Promise<readonly Row[]> => {
    const result = await this.store.read(sql, {
      settings: {
        output_format_json_quote_64bit_integers: 1,
        output_format_json_quote_decimals: 1,
      },
    });
    return resultRows<Row>(result);
  };

  pause(): Promise<void> {
    return this.#process.pause();
  }

  resume(): void {
    this.#process.resume();
  }

  async killAndRestart(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#process.exited;
    this.#process = new CommandProcess(this.#args);
    await this.#process.url();
  }

  async stop(): Promise<void> {
    await this.store.close();
    await this.#process.stop();
  }
}

/** What the commands of a small cluster are told of it: two partitions, kept once. */
export const clusterEnv = (
  pipeline: string,
  {
    kafka,
    flink,
    store,
  }: { readonly kafka: Kafka; readonly flink: Flink; readonly store: StoreProcess },
): { readonly [name: string]: string } => ({
  MILLRACE_PIPELINE: pipeline,
  MILLRACE_KAFKA: kafka.addresses.bootstrap,
  MILLRACE_STORE_URL: store.url,
  MILLRACE_FLINK_URL: flink.addresses.rest,
  MILLRACE_SQL_GATEWAY_URL: flink.addresses.sqlGateway,
  MILLRACE_PARTITIONS: '2',
  MILLRACE_REPLICATION: '1',
  MILLRACE_PARALLELISM: '1',
  MILLRACE_CHECKPOINT_SECONDS: '1',
  MILLRACE_TRANSACTION_TIMEOUT_MINUTES: '10',
});

/** As if the minute were over after which whoever applies, and died, has lost the right to it. */
export async function buryApply(kafka: Kafka, pipeline: string): Promise<void> {
  const address = { brokers: [kafka.addresses.bootstrap], clientId: 'test' };
  const topic = `${pipeline}.applied`;
  const journal = openJournal({ ...address, topic, clock: systemClock });
  const { holder } = appliedIn((await journal.read()).map(placed));
  if (holder === null) throw new Error(`nobody applies ${pipeline}`);
  const release: AppliedEntry = { kind: 'release', by: holder.by };
  await journal.append(JSON.stringify(release));
  await journal.close();
}

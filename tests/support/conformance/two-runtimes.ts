import { join } from 'node:path';
import { JobManager } from '../../../packages/millrace/src/adapters/flink/job-manager.ts';
import { flinkJobs } from '../../../packages/millrace/src/compile/flink/jobs.ts';
import type { Plan } from '../../../packages/millrace/src/plan/plan.ts';
import type { Flink } from '../../../tools/stack/flink.ts';
import type { Kafka } from '../../../tools/stack/kafka.ts';
import { jobSettings, makeTopics, StoreProcess, startJobs, startRole } from '../cluster.ts';
import type { CommandProcess } from '../command-process.ts';
import { type ImportOrder, type ImportRun, runImport } from '../import-process.ts';
import { exactRows, MillraceProcess, settled } from '../millrace-process.ts';

export interface TwoRuntimesOptions {
  readonly kafka: Kafka;
  readonly flink: Flink;
  /** Of these two alone. */
  readonly folder: string;
  /** The file of the definition, and its plan. */
  readonly pipeline: string;
  readonly plan: Plan;
  readonly env?: { readonly [name: string]: string };
}

export interface Row {
  readonly [column: string]: unknown;
}

/** One definition as one process, and as a cluster of which Kafka and Flink are there already. */
export class TwoRuntimes {
  readonly #options: TwoRuntimesOptions;
  readonly #store: StoreProcess;
  readonly #collector: CommandProcess;
  readonly #loader: CommandProcess;
  readonly #embedded: MillraceProcess;

  private constructor(options: TwoRuntimesOptions, store: StoreProcess) {
    const { kafka, folder, pipeline, env = {} } = options;
    const where = { pipeline, kafka: kafka.addresses.bootstrap, storeUrl: store.url, env };
    this.#options = options;
    this.#store = store;
    this.#collector = startRole('collector', where);
    this.#loader = startRole('loader', where);
    this.#embedded = new MillraceProcess({ pipeline, data: join(folder, 'embedded'), env });
  }

  static async start(options: TwoRuntimesOptions): Promise<TwoRuntimes> {
    const { kafka, flink, folder, plan } = options;
    const { bootstrap } = kafka.addresses;
    const store = await StoreProcess.start(folder, plan);
    await makeTopics(bootstrap, plan, 2);
    const started = new TwoRuntimes(options, store);
    await startJobs(flink, flinkJobs(plan, { ...jobSettings(bootstrap), parallelism: 1 }));
    return started;
  }

  /** Waits until both take events. */
  async ready(): Promise<void> {
    await Promise.all([this.#embedded.url(), this.#collector.url()]);
  }

  /** What each answers to a request with these events. */
  async post(
    batch: readonly unknown[],
  ): Promise<{ readonly here: unknown; readonly there: unknown }> {
    const [here, there] = [await this.#embedded.url(), await this.#collector.url()];
    return { here: await post(here, batch), there: await post(there, batch) };
  }

  /** Runs `millrace import` to its end: into the one process, or into the cluster. */
  async import(
    where: 'here' | 'there',
    order: Pick<ImportOrder, 'file' | 'mapping' | 'env'>,
  ): Promise<ImportRun> {
    const { kafka, folder, pipeline, env = {} } = this.#options;
    // Until then the data folder may be taken by whoever comes first.
    await this.#embedded.url();
    return runImport({
      ...{ ...order, pipeline, env: { ...env, ...order.env } },
      data: join(folder, where === 'here' ? 'embedded' : 'nobody'),
      flags: where === 'here' ? [] : ['--kafka', kafka.addresses.bootstrap],
    });
  }

  /** Waits until all that was accepted so far can be queried in the one process. */
  async settled(): Promise<void> {
    await settled(await this.#embedded.url());
  }

  async askHere(sql: string): Promise<readonly Row[]> {
    return exactRows(await this.#embedded.url(), sql);
  }

  askThere(sql: string): Promise<readonly Row[]> {
    return this.#store.rows(sql);
  }

  /** Ends all that is theirs, the jobs too, so that others have their slots. */
  async stop(): Promise<void> {
    const { flink, kafka, plan } = this.#options;
    const jobManager = new JobManager(flink.addresses.rest);
    const names = new Set(
      flinkJobs(plan, jobSettings(kafka.addresses.bootstrap)).map(({ name }) => name),
    );
    for (const { id, name, state } of await jobManager.jobs())
      if (names.has(name) && state !== 'CANCELED') await jobManager.cancel(id);
    await Promise.all([this.#embedded.stop(), this.#collector.stop(), this.#loader.stop()]);
    await this.#store.stop();
  }
}

/** Each counts from when it received the event. */
const ahead = /\d+ ms ahead/g;

async function post(url: string, batch: readonly unknown[]): Promise<unknown> {
  const answer = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ batch }),
  });
  const body: unknown = JSON.parse((await answer.text()).replaceAll(ahead, 'ahead'));
  return { status: answer.status, body };
}

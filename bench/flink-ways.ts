import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askFlink } from '../packages/millrace/src/adapters/flink/flink-rest.ts';
import { submitJob } from '../packages/millrace/src/adapters/flink/sql-gateway.ts';
import type { FlinkJob, FlinkSettings } from '../packages/millrace/src/compile/flink/job.ts';
import { rollupJobs } from '../packages/millrace/src/compile/flink/rollup-job.ts';
import type { Plan } from '../packages/millrace/src/plan/plan.ts';
import { type Flink, installFlink } from '../tools/stack/flink.ts';

/** What a job reads and writes in one phase, and what it is called there. */
export interface Place {
  readonly bootstrap: string;
  readonly from: string;
  readonly to: string;
  /** Of the job, its consumer group and its transactions. */
  readonly name: string;
}

/** Starts a job that does some work in one way, and gives its id. */
export type Way = (flink: Flink, place: Place) => Promise<string>;

export interface GeneratedOptions {
  /** 2 unless told. */
  readonly parallelism?: number;
  /** That win over those it compiles. */
  readonly settings?: FlinkJob['settings'];
}

/** As Millrace compiles it, but from one topic of any name to another. */
export const generated =
  (
    compile: (settings: FlinkSettings) => FlinkJob,
    { parallelism = 2, settings = {} }: GeneratedOptions = {},
  ): Way =>
  (flink, { bootstrap, from, to, name }) => {
    const job = compile({ bootstrapServers: bootstrap, parallelism, prefix: name });
    const [reads, writes] = [`'${job.reads[0]}'`, `'${job.writes[0]}'`];
    const statements = job.statements.map((statement) =>
      statement.replaceAll(reads, `'${from}'`).replaceAll(writes, `'${to}'`),
    );
    return submitJob(flink.addresses.sqlGateway, { ...job, statements }, settings);
  };

/** Of a plan with one rollup. */
export function onlyRollupJob(plan: Plan, settings: FlinkSettings): FlinkJob {
  const [job] = rollupJobs(plan, settings);
  if (job === undefined) throw new Error(`${plan.pipeline} has no rollup of deltas`);
  return job;
}

/** @param file of SQL by hand, in bench/rivals. */
export const handWritten =
  (file: string): Way =>
  (flink, { bootstrap, from, to, name }) => {
    const text = readFileSync(rival(file), 'utf8')
      .replaceAll('{{bootstrap}}', bootstrap)
      .replaceAll('{{from}}', from)
      .replaceAll('{{to}}', to)
      .replaceAll('{{name}}', name);
    const statements = text.split(/;\n/).filter((one) => one.trim() !== '');
    return submitJob(flink.addresses.sqlGateway, { name, settings: {}, statements });
  };

/** @param main class of a program in Java, in bench/rivals. */
export const javaProgram =
  (main: string, folder: string): Way =>
  async (flink, { bootstrap, from, to, name }) => {
    const form = new FormData();
    const file = await compiled(main, folder);
    form.append('jarfile', new Blob([readFileSync(file)]), basename(file));
    const uploaded = await fetch(`${flink.addresses.rest}/jars/upload`, {
      method: 'POST',
      body: form,
    });
    const { filename }: { readonly filename: string } = JSON.parse(await uploaded.text());
    const jar = `${flink.addresses.rest}/jars/${basename(filename)}`;
    const { jobid } = await askFlink<{ readonly jobid: string }>(`${jar}/run`, {
      method: 'POST',
      body: { entryClass: main, programArgsList: [bootstrap, from, to, name] },
    });
    await askFlink(jar, { method: 'DELETE' });
    return jobid;
  };

async function compiled(main: string, folder: string): Promise<string> {
  const made = mkdtempSync(join(folder, `${main}-`));
  const jar = join(made, `${main}.jar`);
  const libraries = join(await installFlink(), 'lib', '*');
  const classes = join(made, 'classes');
  execFileSync('javac', ['-d', classes, '-cp', libraries, rival(`${main}.java`)]);
  execFileSync('jar', ['--create', '--file', jar, '-C', classes, '.']);
  return jar;
}

const rival = (file: string): string => fileURLToPath(new URL(`./rivals/${file}`, import.meta.url));

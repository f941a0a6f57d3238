import { Command } from 'commander';
import { clickhouseDdl } from '../compile/clickhouse/ddl.ts';
import { planOf } from '../plan/plan-of.ts';
import { database } from '../runtime/database.ts';
import { loadPipeline } from '../runtime/load-pipeline.ts';
import { settingsOf, withSettings } from './setting-flags.ts';

export function ddlCommand(): Command {
  const command = new Command('ddl').description(
    'print the statements that make the tables of a pipeline in an empty ClickHouse',
  );
  return withSettings(command, ['pipeline', 'cluster'])
    .addHelpText(
      'after',
      `
For one server, or with --cluster for a cluster: replicated tables on each shard,
and distributed ones over them under the names that readers know. Nothing is run.

  millrace ddl > tables.sql
  millrace ddl --cluster main | clickhouse-client --multiquery`,
    )
    .action(async () => {
      const { pipeline, cluster } = settingsOf(command);
      const plan = planOf(await loadPipeline(pipeline));
      const { statements } = clickhouseDdl(plan, {
        database,
        computedBy: 'flink',
        ...(cluster === '' ? {} : { cluster: { name: cluster } }),
      });
      for (const statement of statements) process.stdout.write(`${statement};\n\n`);
    });
}

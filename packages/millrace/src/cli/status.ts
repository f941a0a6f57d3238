import { Command } from 'commander';
import type { AnswerRow } from '../query/fill-gaps.ts';
import type { ClusterStatus } from '../runtime/distributed/cluster-status.ts';
import { printTable } from './answer-text.ts';
import { withClusterSettings } from './cluster-flags.ts';
import { settingsOf } from './setting-flags.ts';

export function statusCommand(): Command {
  const command = new Command('status')
    .description(
      'how a cluster is doing: topics, readers and their lag, jobs, rollups, windows, tables',
    )
    .option('--json', 'as JSON');
  return withClusterSettings(command)
    .addHelpText(
      'after',
      `
Records and lag count the ends of transactions as well: a reader that has read
everything may show one for each partition.

  millrace status --kafka kafka-1:9092 --flink-url http://flink:8081`,
    )
    .action(async () => {
      const { clusterStatus } = await import('../runtime/distributed/cluster-status.ts');
      const status = await clusterStatus(settingsOf(command));
      const { json } = command.opts<{ readonly json?: boolean }>();
      process.stdout.write(json ? `${JSON.stringify(status)}\n` : statusText(status));
    });
}

const statusText = ({
  topics,
  groups,
  jobs,
  rollups,
  windows,
  tables,
  applying,
}: ClusterStatus): string => {
  const failures = jobs.flatMap(({ job, failure }) => (failure ? [`${job}: ${failure}\n`] : []));
  return [
    printTable(topics.map((row): AnswerRow => ({ ...row }))),
    printTable(groups.map((row): AnswerRow => ({ ...row }))),
    printTable(jobs.map(({ failure, ...row }): AnswerRow => ({ ...row }))),
    ...failures,
    ...(rollups.length === 0 ? [] : [printTable(rollups.map((row): AnswerRow => ({ ...row })))]),
    ...(windows.length === 0 ? [] : [printTable(windows.map((row): AnswerRow => ({ ...row })))]),
    tables.length === 0
      ? 'The store has no tables.\n'
      : printTable(tables.map((row): AnswerRow => ({ ...row }))),
    ...(applying === null ? [] : [`It is being applied by ${applying}.\n`]),
  ].join('\n');
};

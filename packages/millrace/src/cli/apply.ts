import { Command } from 'commander';
import { applyDisplay } from './apply-display.ts';
import { applySettings, type ResumeFlags, withResume } from './cluster-flags.ts';
import { settingsOf, withSettings } from './setting-flags.ts';

export function applyCommand(): Command {
  const command = new Command('apply').description(
    'make Kafka, the store and Flink match the pipeline: topics, tables, jobs',
  );
  return withSettings(withResume(command), applySettings)
    .addHelpText(
      'after',
      `
Does what plan says, and asks for nothing. Run again, it does nothing. A changed
job is stopped with a savepoint and goes on from it; one that died goes on from
its last checkpoint. What would lose or double data is refused, and then nothing
is done at all. Of several at once one applies, the others end with 1.

  millrace apply --kafka kafka-1:9092 --store-url http://clickhouse:8123 \\
    --flink-url http://flink:8081 --sql-gateway-url http://flink:8083`,
    )
    .action(async () => {
      const { applyCluster } = await import('../runtime/distributed/apply/apply.ts');
      const { resume = {} } = command.opts<ResumeFlags>();
      const display = applyDisplay();
      display.end(await applyCluster(settingsOf(command), { ...display, resume }));
      // The engine that reads an archive keeps threads of its own that would hold the process up.
      process.exit(0);
    });
}

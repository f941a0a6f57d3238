import { Command } from 'commander';
import { type ResumeFlags, withClusterSettings, withResume } from './cluster-flags.ts';
import { settingsOf } from './setting-flags.ts';
import { stepsText } from './steps-text.ts';

export function applyCommand(): Command {
  const command = new Command('apply').description(
    'make Kafka, the store and Flink match the pipeline: topics, tables, jobs',
  );
  return withClusterSettings(withResume(command))
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
      const begunMs = performance.now();
      const done = await applyCluster(settingsOf(command), {
        resume,
        onSteps: (steps) => process.stdout.write(stepsText(steps)),
        onStep: ({ what }) => process.stdout.write(`${what} …\n`),
        tell: (sentence) => process.stdout.write(`  ${sentence}\n`),
      });
      if (done === 0) return;
      const seconds = ((performance.now() - begunMs) / 1_000).toFixed(1);
      process.stdout.write(`Applied: ${done} step(s) in ${seconds} s.\n`);
    });
}

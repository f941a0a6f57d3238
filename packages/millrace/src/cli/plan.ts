import { Command } from 'commander';
import { type ResumeFlags, withClusterSettings, withResume } from './cluster-flags.ts';
import { settingsOf } from './setting-flags.ts';
import { stepsText } from './steps-text.ts';

export function planCommand(): Command {
  const command = new Command('plan').description(
    'say what apply would do to Kafka, the store and Flink, and do nothing',
  );
  return withClusterSettings(withResume(command))
    .addHelpText(
      'after',
      `
+ is made or started, ~ changed, - taken away, = noted, ! refused, with the
reason. Ends with 0 if there is nothing to do, with 2 if there is, and with 1 if
something is refused or could not be looked at.

  millrace plan --kafka kafka-1:9092 --store-url http://clickhouse:8123 \\
    --flink-url http://flink:8081 --sql-gateway-url http://flink:8083`,
    )
    .action(async () => {
      const { planCluster } = await import('../runtime/distributed/apply/apply.ts');
      const { resume = {} } = command.opts<ResumeFlags>();
      const steps = await planCluster(settingsOf(command), { resume });
      process.stdout.write(stepsText(steps));
      if (steps.some(({ kind }) => kind === 'refuse')) process.exitCode = 1;
      else if (steps.length > 0) process.exitCode = 2;
    });
}

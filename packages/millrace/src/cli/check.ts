import { Command } from 'commander';
import { contradictions } from '../plan/contradictions.ts';
import { loadDefinition } from '../runtime/load-pipeline.ts';
import { settingsOf, withSettings } from './setting-flags.ts';

export function checkCommand(): Command {
  const command = new Command('check').description(
    'read a pipeline and explain every contradiction in it, with the place and the mend',
  );
  return withSettings(command, ['pipeline'])
    .addHelpText(
      'after',
      `
Ends with 0 if the pipeline can run, with 1 if not, so that CI can ask.

  millrace check --pipeline shop/millrace.config.ts`,
    )
    .action(async () => {
      const { pipeline } = settingsOf(command);
      const found = contradictions(await loadDefinition(pipeline));
      for (const { code, place, message, mend } of found) {
        process.stdout.write(`${place}: ${message} (${code})\n  ${mend}\n`);
      }
      if (found.length > 0) process.exitCode = 1;
      const verdict = found.length === 0 ? 'is in order' : `has ${found.length} contradiction(s)`;
      process.stdout.write(`${pipeline} ${verdict}.\n`);
    });
}

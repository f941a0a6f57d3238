import { Command } from 'commander';
import { version } from '../runtime/version.ts';
import { applyCommand } from './apply.ts';
import { checkCommand } from './check.ts';
import { ddlCommand } from './ddl.ts';
import { deadLettersCommand } from './dead-letters.ts';
import { devCommand } from './dev.ts';
import { explain } from './explain.ts';
import { forgetCommand } from './forget.ts';
import { importCommand } from './import.ts';
import { planCommand } from './plan.ts';
import { queryCommand } from './query.ts';
import { replayCommand } from './replay.ts';
import { restoreCommand } from './restore.ts';
import { sqlCommand } from './sql.ts';
import { startCommand } from './start.ts';
import { statusCommand } from './status.ts';
import { storeCommand } from './store.ts';
import { verifyCommand } from './verify.ts';

/** The command `millrace` with all that it can do. */
export function millraceCommand(): Command {
  return new Command('millrace')
    .description(
      'Real-time event analytics that you define in TypeScript: each event kept once,\nrolled up by event time, there to ask within a second.',
    )
    .version(version)
    .showHelpAfterError('(run with --help to see what there is)')
    .addCommand(startCommand())
    .addCommand(devCommand())
    .addCommand(checkCommand())
    .addCommand(ddlCommand())
    .addCommand(importCommand())
    .addCommand(queryCommand())
    .addCommand(sqlCommand())
    .addCommand(deadLettersCommand())
    .addCommand(verifyCommand())
    .addCommand(replayCommand())
    .addCommand(restoreCommand())
    .addCommand(forgetCommand())
    .addCommand(planCommand())
    .addCommand(applyCommand())
    .addCommand(statusCommand())
    .addCommand(storeCommand())
    .addHelpText(
      'after',
      `
Begin with
  millrace start                     run the pipeline of ./millrace.config.ts
  millrace sql "SELECT count() FROM events"

Settings are taken from flags, then environment variables, then millrace.json
(or --config FILE), then defaults.`,
    );
}

/** Runs the command. Sets the exit code; never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await millraceCommand().parseAsync(argv);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
}

import { Command } from 'commander';
import { ownFolderSettings } from './data-folder-settings.ts';
import { thousands } from './import-progress.ts';
import { ReplayProgress } from './replay-progress.ts';
import { settingsOf, withSettings } from './setting-flags.ts';
import { tellProblem } from './tell-problem.ts';

export function restoreCommand(): Command {
  const command = new Command('restore').description(
    'make a data folder that was lost anew from the archive',
  );
  return withSettings(command, ownFolderSettings)
    .addHelpText(
      'after',
      `
The folder must be new, or have lost its store alone. Events, rollups and the log's
last hours come back; start the pipeline with the same archive then, and it goes on
behind them. What was interrupted goes on when it is run again.

  millrace restore --archive /mnt/archive --data /var/lib/millrace`,
    )
    .action(async () => {
      const stopping = new AbortController();
      process.once('SIGINT', () => stopping.abort()).once('SIGTERM', () => stopping.abort());
      const progress = new ReplayProgress(process.stderr);
      // The engine takes half a second to load, which `--help` need not wait for.
      const { restoreFolder } = await import('../runtime/restore-folder.ts');
      const { done, of } = await restoreFolder(settingsOf(command), {
        signal: stopping.signal,
        onProgress: (now) => progress.show([{ what: 'restored', ...now }]),
        onProblem: (what, error) => {
          progress.clear();
          tellProblem(what, error);
        },
      });
      progress.clear();
      process.stdout.write(
        done === of
          ? `Restored: the store has the ${thousands(of)} events that there are.\n`
          : `Restored in part: ${thousands(done)} of ${thousands(of)} events. Run it again to go on.\n`,
      );
      // The engine keeps threads of its own that would hold the process up.
      process.exit(done === of ? 0 : 1);
    });
}

import { MillraceError } from '../../errors.ts';
import type { AlertProgressKeeper } from '../../ports/alert-progress.ts';
import type { Disk } from '../../ports/disk.ts';
import { alertProgressIn, alertProgressText } from '../alert-progress-text.ts';
import { readFileIfThere, replaceFile } from '../atomic-file.ts';
import { nodeDisk } from '../node-disk.ts';

/** How far an alert is, in a small file beside the log. */
export function localAlertProgress(path: string, disk: Disk = nodeDisk): AlertProgressKeeper {
  return {
    async read() {
      const content = await readFileIfThere(disk, path);
      if (content === null) return null;
      const progress = alertProgressIn(content);
      if (progress) return progress;
      throw new MillraceError(
        'log_corrupt',
        `${path} does not hold the progress of an alert. Without it Millrace cannot know which calls were made.`,
      );
    },
    save: (progress) => replaceFile(disk, path, `${alertProgressText(progress)}\n`),
  };
}

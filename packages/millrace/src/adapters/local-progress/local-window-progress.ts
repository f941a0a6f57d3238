import { MillraceError } from '../../errors.ts';
import type { Disk } from '../../ports/disk.ts';
import type {
  WindowIntent,
  WindowPlace,
  WindowProgress,
  WindowProgressKeeper,
} from '../../ports/window-progress.ts';
import { readFileIfThere, replaceFile } from '../atomic-file.ts';
import { nodeDisk } from '../node-disk.ts';
import { isRecord } from './is-record.ts';

/** How far the windows are, in a small file beside the log. */
export function localWindowProgress(path: string, disk: Disk = nodeDisk): WindowProgressKeeper {
  return {
    async read() {
      const content = await readFileIfThere(disk, path);
      if (content === null) return {};
      const progress: unknown = JSON.parse(content);
      if (isProgress(progress)) return progress;
      throw new MillraceError(
        'log_corrupt',
        `${path} does not hold the progress of windows. Without it Millrace cannot know which results are out.`,
      );
    },
    save: (progress) => replaceFile(disk, path, `${JSON.stringify(progress)}\n`),
  };
}

const isProgress = (value: unknown): value is WindowProgress =>
  isRecord(value) && Object.values(value).every(isPlace);

const isPlace = (value: unknown): value is WindowPlace =>
  isRecord(value) &&
  Number.isSafeInteger(value.emittedMs) &&
  (value.intent === null || isIntent(value.intent));

const isIntent = (value: unknown): value is WindowIntent =>
  isRecord(value) && Number.isSafeInteger(value.toMs) && Number.isSafeInteger(value.emittedAtMs);

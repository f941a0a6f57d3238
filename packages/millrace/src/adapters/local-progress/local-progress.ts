import { MillraceError } from '../../errors.ts';
import type { Disk } from '../../ports/disk.ts';
import type { LoadProgress, LogRange, ProgressKeeper } from '../../ports/progress.ts';
import { readFileIfThere, replaceFile } from '../atomic-file.ts';
import { nodeDisk } from '../node-disk.ts';

/** A loader's progress in a small file beside the log. */
export function localProgress(path: string, disk: Disk = nodeDisk): ProgressKeeper {
  return {
    async read() {
      const content = await readFileIfThere(disk, path);
      if (content === null) return { committed: 0, intents: [] };
      const progress: unknown = JSON.parse(content);
      if (isLoadProgress(progress)) return progress;
      throw new MillraceError(
        'log_corrupt',
        `${path} does not hold the progress of a loader. Without it Millrace cannot know what the store already has.`,
      );
    },
    save: (progress) => replaceFile(disk, path, `${JSON.stringify(progress)}\n`),
  };
}

/** Whether a value read from a file is the progress of a loader. */
export const isLoadProgress = (value: unknown): value is LoadProgress =>
  typeof value === 'object' &&
  value !== null &&
  'committed' in value &&
  isOffset(value.committed) &&
  'intents' in value &&
  Array.isArray(value.intents) &&
  value.intents.every(isRange);

const isRange = (value: unknown): value is LogRange =>
  typeof value === 'object' &&
  value !== null &&
  'from' in value &&
  'to' in value &&
  isOffset(value.from) &&
  isOffset(value.to) &&
  value.from < value.to;

const isOffset = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

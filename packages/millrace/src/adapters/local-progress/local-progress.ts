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
      const progress = parse(content);
      if (progress) return progress;
      throw new MillraceError(
        'log_corrupt',
        `${path} does not hold the progress of a loader. Without it Millrace cannot know what the store already has.`,
      );
    },
    save: (progress) => replaceFile(disk, path, `${JSON.stringify(progress)}\n`),
  };
}

function parse(content: string): LoadProgress | null {
  const value: unknown = JSON.parse(content);
  if (typeof value !== 'object' || value === null) return null;
  if (!('committed' in value) || !isOffset(value.committed)) return null;
  if (!('intents' in value) || !Array.isArray(value.intents)) return null;
  const intents: readonly unknown[] = value.intents;
  if (!intents.every(isRange)) return null;
  return { committed: value.committed, intents };
}

function isRange(value: unknown): value is LogRange {
  return (
    typeof value === 'object' &&
    value !== null &&
    'from' in value &&
    'to' in value &&
    isOffset(value.from) &&
    isOffset(value.to) &&
    value.from < value.to
  );
}

const isOffset = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

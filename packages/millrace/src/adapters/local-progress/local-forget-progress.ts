import { MillraceError } from '../../errors.ts';
import type { Disk } from '../../ports/disk.ts';
import type { ForgetProgress, ForgetProgressKeeper } from '../../ports/forget-progress.ts';
import { readFileIfThere, replaceFile } from '../atomic-file.ts';
import { nodeDisk } from '../node-disk.ts';
import { isRecord } from './is-record.ts';

/** Who is being forgotten, and what was, in a small file beside the log. */
export function localForgetProgress(path: string, disk: Disk = nodeDisk): ForgetProgressKeeper {
  return {
    async read() {
      const content = await readFileIfThere(disk, path);
      if (content === null) return null;
      const progress: unknown = JSON.parse(content);
      if (isProgress(progress)) return progress;
      throw new MillraceError(
        'log_corrupt',
        `${path} does not hold what was forgotten. Without it a replay would bring it back.`,
      );
    },
    save: (progress) => replaceFile(disk, path, `${JSON.stringify(progress)}\n`),
  };
}

const isProgress = (value: unknown): value is ForgetProgress =>
  isRecord(value) &&
  (value.underWay === null || isOrder(value.underWay)) &&
  Array.isArray(value.offsets) &&
  value.offsets.every(isRange) &&
  Array.isArray(value.done) &&
  value.done.every((receipt) => isRecord(receipt) && typeof receipt.id === 'string');

const isOrder = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value.id === 'string' &&
  isRecord(value.person) &&
  [value.orderedAtMs, value.before, value.lettersBefore].every(Number.isSafeInteger) &&
  (value.found === null || isRecord(value.found)) &&
  typeof value.removed === 'boolean';

const isRange = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger);

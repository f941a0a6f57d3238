import { MillraceError } from '../../errors.ts';
import type { Disk } from '../../ports/disk.ts';
import type {
  RollupPlace,
  RollupProgress,
  RollupProgressKeeper,
  RollupReplay,
  RollupStep,
} from '../../ports/rollup-progress.ts';
import { readFileIfThere, replaceFile } from '../atomic-file.ts';
import { nodeDisk } from '../node-disk.ts';
import { isRecord } from './is-record.ts';
import { isLoadProgress } from './local-progress.ts';

/** How far the tables of rollups are, in a small file beside the log. */
export function localRollupProgress<Rollup>(
  path: string,
  disk: Disk = nodeDisk,
): RollupProgressKeeper<Rollup> {
  return {
    async read() {
      const content = await readFileIfThere(disk, path);
      if (content === null) return null;
      const progress: unknown = JSON.parse(content);
      if (isProgress<Rollup>(progress)) return progress;
      throw new MillraceError(
        'log_corrupt',
        `${path} does not hold the progress of rollups. Without it Millrace cannot know which events they have.`,
      );
    },
    save: (progress) => replaceFile(disk, path, `${JSON.stringify(progress)}\n`),
  };
}

const isProgress = <Rollup>(value: unknown): value is RollupProgress<Rollup> =>
  isRecord(value) &&
  isTimeOrNull(value.eventsGoneBeforeMs) &&
  isRecord(value.tables) &&
  Object.values(value.tables).every((place) => isPlace<Rollup>(place));

const isPlace = <Rollup>(value: unknown): value is RollupPlace<Rollup> =>
  isRecord(value) &&
  isRecord(value.rollup) &&
  stages.includes(value.stage) &&
  [value.cut, value.events, value.eventsDone, value.doneToMs].every(Number.isSafeInteger) &&
  (value.intent === null || isStep(value.intent)) &&
  isTimeOrNull(value.completeSinceMs) &&
  (value.replay === undefined || isReplay(value.replay));

const isReplay = (value: unknown): value is RollupReplay =>
  isRecord(value) &&
  sources.includes(value.from) &&
  isTimeOrNull(value.sinceMs) &&
  isTimeOrNull(value.untilMs) &&
  typeof value.copied === 'boolean' &&
  isLoadProgress(value.loaded);

const sources: readonly unknown[] = ['archive', 'log', 'events'];

const stages: readonly unknown[] = ['creating', 'filling', 'ready', 'kept', 'dropping'];

const isStep = (value: unknown): value is RollupStep =>
  isRecord(value) && [value.fromMs, value.toMs, value.events].every(Number.isSafeInteger);

const isTimeOrNull = (value: unknown): value is number | null =>
  value === null || Number.isSafeInteger(value);

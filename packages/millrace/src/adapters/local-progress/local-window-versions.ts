import { MillraceError } from '../../errors.ts';
import type { Disk } from '../../ports/disk.ts';
import type {
  WindowReplay,
  WindowStep,
  WindowVersion,
  WindowVersions,
  WindowVersionsKeeper,
} from '../../ports/window-versions.ts';
import { readFileIfThere, replaceFile } from '../atomic-file.ts';
import { nodeDisk } from '../node-disk.ts';
import { isRecord } from './is-record.ts';
import { isLoadProgress } from './local-progress.ts';

/** Which versions of windows there are, in a small file beside the log. */
export function localWindowVersions<Window>(
  path: string,
  disk: Disk = nodeDisk,
): WindowVersionsKeeper<Window> {
  return {
    async read() {
      const content = await readFileIfThere(disk, path);
      if (content === null) return null;
      const versions: unknown = JSON.parse(content);
      if (isVersions<Window>(versions)) return versions;
      throw new MillraceError(
        'log_corrupt',
        `${path} does not hold the versions of windows. Without it Millrace cannot know which results readers see.`,
      );
    },
    save: (versions) => replaceFile(disk, path, `${JSON.stringify(versions)}\n`),
  };
}

const isVersions = <Window>(value: unknown): value is WindowVersions<Window> =>
  isRecord(value) &&
  isRecord(value.tables) &&
  Object.values(value.tables).every((version) => isVersion<Window>(version)) &&
  isRecord(value.replayed) &&
  Object.values(value.replayed).every(Number.isSafeInteger);

const isVersion = <Window>(value: unknown): value is WindowVersion<Window> =>
  isRecord(value) &&
  isRecord(value.window) &&
  typeof value.definedAs === 'string' &&
  stages.includes(value.stage) &&
  (value.replay === null || isReplay(value.replay));

const isReplay = (value: unknown): value is WindowReplay =>
  isRecord(value) &&
  sources.includes(value.from) &&
  [value.cut, value.toMs, value.events, value.eventsDone, value.doneToMs, value.emittedAtMs].every(
    Number.isSafeInteger,
  ) &&
  (value.loaded === null || isLoadProgress(value.loaded)) &&
  (value.intent === null || isStep(value.intent));

const isStep = (value: unknown): value is WindowStep =>
  isRecord(value) && [value.fromMs, value.toMs, value.events].every(Number.isSafeInteger);

const sources: readonly unknown[] = ['archive', 'log', 'events'];

const stages: readonly unknown[] = ['creating', 'filling', 'ready', 'kept', 'dropping'];

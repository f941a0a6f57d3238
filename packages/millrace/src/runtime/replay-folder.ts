import { ask } from '../client/ask.ts';
import type { VersionStatus } from '../rollups/version-status.ts';
import { commandKey } from '../server/read-key.ts';
import type { ReplayOrder } from '../server/replay-routes.ts';
import { type DataFolderSettings, openDataFolder } from './open-data-folder.ts';
import { ownerUrl } from './owner-url.ts';
import { replayDesk } from './replay-desk.ts';

/** Replays of a data folder, in the process that has it open or in this one. */
export interface FolderReplays {
  begin(order: ReplayOrder): Promise<readonly VersionStatus[]>;
  back(name: string): Promise<readonly VersionStatus[]>;
  drop(name: string): Promise<readonly VersionStatus[]>;
  versions(): Promise<readonly VersionStatus[]>;
  /** Lets go of the folder, if this process has it. What is under way goes on when it is opened again. */
  close(): Promise<void>;
}

/** @throws MillraceError what opening the data folder throws. */
export async function replayFolder(
  settings: DataFolderSettings,
  onProblem: (what: string, error: unknown) => void,
): Promise<FolderReplays> {
  const url = await ownerUrl(settings.data);
  return url === null
    ? inThisProcess(settings, onProblem)
    : ofAnother(url, commandKey(settings.readKeys));
}

function ofAnother(url: string, key: string | undefined): FolderReplays {
  const asked = async (method: 'GET' | 'PUT' | 'DELETE', path: string) => {
    const place = new URL(path, url);
    const answer = await ask<{ readonly versions: readonly VersionStatus[] }>(place, {
      method,
      key,
    });
    return answer.versions;
  };
  const pathOf = (name: string): string => `/v1/replays/${encodeURIComponent(name)}`;
  return {
    begin: ({ name, from, sinceMs, untilMs }) => {
      const search = new URLSearchParams({ from });
      if (sinceMs !== null) search.set('since', new Date(sinceMs).toISOString());
      if (untilMs !== null) search.set('until', new Date(untilMs).toISOString());
      return asked('PUT', `${pathOf(name)}?${search}`);
    },
    back: (name) => asked('PUT', `${pathOf(name)}/back`),
    drop: (name) => asked('DELETE', pathOf(name)),
    versions: () => asked('GET', '/v1/replays'),
    close: async () => {},
  };
}

async function inThisProcess(
  settings: DataFolderSettings,
  onProblem: (what: string, error: unknown) => void,
): Promise<FolderReplays> {
  const embedded = await openDataFolder(settings, onProblem);
  const desk = replayDesk(embedded);
  const versions = async () => desk.versions();
  const then = async (done: Promise<void>) => {
    await done;
    return versions();
  };
  return {
    begin: (order) => then(desk.begin(order)),
    back: (name) => then(desk.back(name)),
    drop: (name) => then(desk.drop(name)),
    versions,
    close: async () => {
      await embedded.close();
    },
  };
}

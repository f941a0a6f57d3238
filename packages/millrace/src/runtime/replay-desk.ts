import { MillraceError } from '../errors.ts';
import { rollupStatus, type VersionStatus, windowStatus } from '../rollups/version-status.ts';
import type { ReplayDesk } from '../server/replay-routes.ts';
import type { Embedded } from './embedded.ts';

/** Replays of a pipeline in this process, of rollups and of windows, by their names. */
export const replayDesk = ({
  rollups,
  replays,
  windowTables,
  windowReplays,
}: Pick<Embedded, 'rollups' | 'replays' | 'windowTables' | 'windowReplays'>): ReplayDesk => {
  const isWindow = (name: string): boolean => windowTables.ready(name) !== undefined;
  return {
    async begin({ name, ...order }) {
      if (!isWindow(name)) return void (await replays.begin({ rollup: name, ...order }));
      refusePart(name, order);
      await windowReplays.begin({ window: name, from: order.from });
    },
    async back(name) {
      await (isWindow(name) ? windowReplays : replays).back(name);
    },
    async drop(name) {
      await (isWindow(name) ? windowReplays : replays).drop(name);
    },
    versions: (): readonly VersionStatus[] => [
      ...rollups.places.map(rollupStatus),
      ...windowTables.versions.map(windowStatus),
    ],
  };
};

/** @throws MillraceError `replay_invalid` */
function refusePart(
  name: string,
  { sinceMs, untilMs }: { readonly sinceMs: number | null; readonly untilMs: number | null },
): void {
  if (sinceMs === null && untilMs === null) return;
  throw new MillraceError(
    'replay_invalid',
    `${name} is a window, which is replayed as a whole: leave out since and until.`,
  );
}

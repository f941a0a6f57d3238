import type { VersionStatus } from '../rollups/version-status.ts';
import type { ReplayOrder } from '../runtime/distributed/apply/replay-order.ts';
import { applyDisplay } from './apply-display.ts';
import type { Settings } from './settings.ts';

/** Does what is asked for in a cluster, in this process, and shows it. */
export async function replayInCluster(settings: Settings, order: ReplayOrder): Promise<void> {
  const { applyCluster } = await import('../runtime/distributed/apply/apply.ts');
  const display = applyDisplay();
  display.end(await applyCluster(settings, { ...display, resume: {}, order }));
  // The engine that reads an archive keeps threads of its own that would hold the process up.
  process.exit(0);
}

/**
 * The versions of rollups and windows that a cluster has.
 *
 * @param wanted whether somebody has to work on those that are not whole.
 * @throws MillraceError `replay_conflict` if nobody does.
 */
export async function clusterVersions(
  settings: Settings,
  wanted: 'there' | 'worked on',
): Promise<readonly VersionStatus[]> {
  const { versionsApplied } = await import('../runtime/distributed/versions-applied.ts');
  return versionsApplied(settings, wanted);
}

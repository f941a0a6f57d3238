import { TopicAdmin } from '../../adapters/kafka/topic-admin.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { MillraceError } from '../../errors.ts';
import { planOf } from '../../plan/plan-of.ts';
import type { VersionStatus } from '../../rollups/version-status.ts';
import { loadPipeline } from '../load-pipeline.ts';
import { claimMs } from './apply/applied.ts';
import { type ClusterSettings, whatWasApplied } from './apply/apply.ts';
import type { RollupVersion } from './apply/rollup-version.ts';
import { isToCome, type Stage } from './apply/stages.ts';
import type { WindowVersion } from './apply/window-version.ts';

/**
 * The versions of rollups and windows that a cluster has, as they were kept last.
 *
 * @param wanted whether somebody has to work on those that readers are to see, and do not yet.
 * @throws MillraceError `replay_conflict` if nobody does; `pipeline_not_found`, `pipeline_invalid`,
 *   `log_unavailable`.
 */
export async function versionsApplied(
  settings: Pick<ClusterSettings, 'pipeline' | 'kafka'>,
  wanted: 'there' | 'worked on',
): Promise<readonly VersionStatus[]> {
  const plan = planOf(await loadPipeline(settings.pipeline));
  const admin = new TopicAdmin({
    ...{ brokers: settings.kafka, clientId: `millrace-replay-${process.pid}` },
  });
  try {
    const { applied, holder } = await whatWasApplied(plan, settings, admin);
    const versions = [...Object.values(applied.rollups), ...Object.values(applied.windows)];
    const isWorkedOn = holder !== null && systemClock.now() - holder.seenMs < claimMs;
    if (wanted === 'worked on' && !isWorkedOn && versions.some(isToCome))
      throw new MillraceError(
        'replay_conflict',
        'Nobody works on what is not whole yet: run `millrace apply`, which goes on with it.',
      );
    return [
      ...Object.values(applied.rollups).map(rollupStatus),
      ...Object.values(applied.windows).map(windowStatus),
    ];
  } finally {
    await admin.close();
  }
}

const states: { readonly [stage in Stage]: VersionStatus['state'] } = {
  asked: 'creating',
  filling: 'filling',
  filled: 'filling',
  shown: 'ready',
  kept: 'kept',
  returning: 'kept',
  leaving: 'dropping',
};

const rollupStatus = ({ rollup, stage, from, fill }: RollupVersion): VersionStatus => ({
  ...{ kind: 'rollup', name: rollup.name, version: rollup.version, state: states[stage] },
  ...{ from: from ?? null, since: null, until: null },
  events_to_fill: fill?.events ?? 0,
  events_filled: fill?.eventsDone ?? 0,
});

const windowStatus = ({ window, stage, from, fill }: WindowVersion): VersionStatus => ({
  ...{ kind: 'window', name: window.name, version: window.version, state: states[stage] },
  ...{ from: from ?? null, since: null, until: null },
  events_to_fill: fill?.events ?? 0,
  events_filled: fill?.eventsDone ?? 0,
});

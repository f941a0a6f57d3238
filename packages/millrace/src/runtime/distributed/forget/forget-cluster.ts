import { openJournal } from '../../../adapters/kafka/journal.ts';
import { TopicOffsets } from '../../../adapters/kafka/topic-offsets.ts';
import { topicNames } from '../../../compile/kafka/topics.ts';
import { MillraceError } from '../../../errors.ts';
import type { ForgetStatus } from '../../../forget/forgetter.ts';
import type { Person } from '../../../ports/forget-progress.ts';
import { crashOnDemand } from '../../crash-on-demand.ts';
import { type Archive, openArchive } from '../../open-archive.ts';
import { type ApplySettings, addressOf, whatWasApplied, withCluster } from '../apply/apply.ts';
import { withClaim } from '../apply/claim.ts';
import { openParquetReader } from '../apply/history.ts';
import { carryOut } from './carry-out.ts';
import { retentionMsOf, statusesOf } from './receipt.ts';
import { takeOrder } from './take-order.ts';

export interface ForgetOptions {
  /** Stops after the part under way; whoever orders the same goes on. */
  readonly signal: AbortSignal;
  readonly tell: (sentence: string) => void;
}

/**
 * Orders that what a cluster accepted of a person until now is forgotten, and
 * carries it out in this process. Killed at any moment, the next one goes on.
 *
 * @param person null to go on with the order that is under way.
 * @returns how far it is: carried out, unless the signal aborted.
 * @throws MillraceError `forget_invalid`, `forget_conflict`, `forget_unavailable` where the store is
 *   on several servers, `apply_in_progress`, `topics_missing`, `log_unavailable`,
 *   `archive_unavailable`, `archive_damaged`; StoreError.
 */
export async function forgetInCluster(
  settings: ApplySettings,
  person: Person | null,
  { signal, tell }: ForgetOptions,
): Promise<ForgetStatus> {
  if (settings.cluster !== '')
    throw new MillraceError(
      'forget_unavailable',
      'The store is on several servers, where nobody can be forgotten by a command yet.',
    );
  return withCluster(settings, 'looks', async (named, cluster) => {
    const { admin, clock } = cluster;
    const { applied: topic } = topicNames(named);
    if (!(await admin.look([topic])).has(topic)) throw notApplied(topic);
    const kafka = addressOf(settings);
    const archive = await openArchive(settings);
    const reach = crashOnDemand(process.env.MILLRACE_CRASH_AT);
    const journal = openJournal({ ...kafka, clock, topic });
    const offsets = new TopicOffsets(kafka);
    try {
      return await withClaim(journal, tell, async (claim) => {
        const { plan } = claim.applied;
        if (plan === null) throw notApplied(topic);
        const work = { ...cluster, plan, kafka, offsets, claim, reach, signal, tell };
        const { id, hasArchive } = await takeOrder(person, archive !== null, work);
        await withFiles(hasArchive ? archive : null, settings, (files) =>
          carryOut({ ...work, archive: files }),
        ).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
        const orders = statusesOf(claim.applied, await retentionMsOf(plan, admin));
        const order = orders.find((one) => one.id === id);
        if (order === undefined) throw new Error(`The order ${id} is not kept.`);
        return order;
      });
    } finally {
      await offsets.close();
      await journal.close();
    }
  });
}

/** What was forgotten in a cluster, and is being: the oldest first. @throws as `planCluster`. */
export const forgottenInCluster = (settings: ApplySettings): Promise<readonly ForgetStatus[]> =>
  withCluster(settings, 'looks', async (named, { admin }) => {
    const { applied } = await whatWasApplied(named, settings, admin);
    return statusesOf(applied, await retentionMsOf(applied.plan ?? named, admin));
  });

async function withFiles(
  archive: Archive | null,
  { storeMemoryMb }: ApplySettings,
  work: (archive: Parameters<typeof carryOut>[0]['archive']) => Promise<void>,
): Promise<void> {
  if (archive === null) return work(null);
  const parquet = await openParquetReader(storeMemoryMb);
  try {
    await work({ objects: archive.objects, files: parquet.engine });
  } finally {
    await parquet.close();
  }
}

const notApplied = (topic: string): MillraceError =>
  new MillraceError('topics_missing', `Nothing was applied yet, as ${topic} would say.`);

import type { KafkaAddress } from '../../../adapters/kafka/brokers.ts';
import { topicNames } from '../../../compile/kafka/topics.ts';
import { ArchiveRemoval, type ArchiveRemovalOptions } from '../../../forget/archive-removal.ts';
import { OffsetSet } from '../../../forget/offset-set.ts';
import { Backoff } from '../../../load/backoff.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { ReachCrashPoint } from '../../../ports/crash-points.ts';
import type { LogOffsets } from '../../../ports/log-offsets.ts';
import { StoreError } from '../../../ports/store.ts';
import type { Claim } from '../apply/claim.ts';
import type { Cluster } from '../apply/look.ts';
import { loaderGroup } from '../group-names.ts';
import type { ClusterOrder, FoundInCluster } from './cluster-forgotten.ts';
import { find } from './find-in-cluster.ts';
import { receiptOf, retentionMsOf } from './receipt.ts';
import { removeResults } from './remove-results.ts';
import { removeRows } from './remove-rows.ts';
import { untilStored } from './until-stored.ts';

/** What it takes to carry out an order. */
export interface Forgetting extends Pick<Cluster, 'admin' | 'store' | 'clock'> {
  /** As it was applied. */
  readonly plan: Plan;
  readonly kafka: KafkaAddress;
  readonly offsets: LogOffsets;
  /** The right to apply: nothing else changes while somebody is being forgotten. */
  readonly claim: Claim;
  /** Null where none is known. */
  readonly archive: Pick<ArchiveRemovalOptions, 'objects' | 'files'> | null;
  readonly reach: ReachCrashPoint;
  readonly signal: AbortSignal;
  readonly tell: (sentence: string) => void;
}

/** A store that is away, or takes long to write its parts anew, is waited for. */
const failuresMax = 20;

/**
 * Carries out the order that is under way, part after part. How far it is is kept
 * after each, and each may be done again.
 *
 * @throws MillraceError `apply_in_progress`, `log_unavailable`, `archive_unavailable`,
 *   `archive_damaged`; StoreError; what the signal aborts with.
 */
export async function carryOut(work: Forgetting): Promise<void> {
  const { claim, signal, tell } = work;
  const backoff = new Backoff(200, 30_000);
  for (let failures = 0; ; ) {
    const { underWay: order } = claim.applied.forgotten;
    if (order === null) return;
    signal.throwIfAborted();
    claim.sure();
    try {
      await goOn(order, work);
      failures = 0;
      backoff.reset();
    } catch (error) {
      failures += 1;
      if (!(error instanceof StoreError) || failures === failuresMax) throw error;
      tell(`the order ${order.id} waits for the store: ${error.message}`);
      await backoff.wait(signal);
    }
  }
}

async function goOn(order: ClusterOrder, work: Forgetting): Promise<void> {
  const { cut, found, removed } = order;
  if (cut === null) return fixCut(order, work);
  if (found === null) return find(order, cut, work);
  if (!removed) return removeRows(order, { cut, found }, work);
  if (await rewriteNext(order, found, work)) return;
  await removeResults(order, found, work);
  return end(order, work);
}

/** All that was accepted before the order lies below it, and loaders have stored that. */
async function fixCut(order: ClusterOrder, work: Forgetting): Promise<void> {
  const { plan, offsets, claim } = work;
  await untilStored('events', order.orderedAtMs, work);
  const { clean } = topicNames(plan);
  const cut = await offsets.committed({ group: loaderGroup(plan), log: clean });
  await claim.keepForgotten({ kind: 'forget', order: { ...order, cut } });
}

/** Takes them out of the next range of the archive that has something of them. @returns whether there was one. */
async function rewriteNext(
  order: ClusterOrder,
  { archived }: FoundInCluster,
  { claim, archive, reach }: Forgetting,
): Promise<boolean> {
  if (archive === null || (archived ?? 0) === 0) return false;
  for (const [partition, ranges] of claim.applied.forgotten.theirs.entries()) {
    const doneTo = order.archivedTo[partition] ?? 0;
    const offsets = new OffsetSet(ranges);
    if (offsets.firstWithin(doneTo) === Number.POSITIVE_INFINITY) continue;
    const removal = new ArchiveRemoval({ ...archive, partition, reach });
    const to = await removal.removeNext(offsets, doneTo);
    reach('forget-archive-rewritten');
    const archivedTo = claim.applied.forgotten.theirs.map((_, n) =>
      n === partition ? to : (order.archivedTo[n] ?? 0),
    );
    await claim.keepForgotten({ kind: 'forget', order: { ...order, archivedTo } });
    return true;
  }
  return false;
}

async function end(
  order: ClusterOrder,
  { claim, clock, admin, plan, reach }: Forgetting,
): Promise<void> {
  const receipt = receiptOf(order, claim.applied, await retentionMsOf(plan, admin), clock.now());
  reach('forget-done');
  await claim.keepForgotten({ kind: 'receipt', receipt });
}

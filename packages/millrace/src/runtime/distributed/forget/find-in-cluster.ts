import { PartitionReader } from '../../../adapters/kafka/partition-reader.ts';
import { Manifest } from '../../../archive/manifest.ts';
import { lettersToLookAt, theirEvents } from '../../../compile/clickhouse/forget.ts';
import { topicNames } from '../../../compile/kafka/topics.ts';
import { ArchiveRemoval } from '../../../forget/archive-removal.ts';
import { findEvents, findLetters, type TheirEvents } from '../../../forget/find-traces.ts';
import { forgetfulLog } from '../../../forget/forgetful-log.ts';
import { OffsetSet } from '../../../forget/offset-set.ts';
import { touchedRollups } from '../../../forget/touched-rollups.ts';
import { database } from '../../database.ts';
import { loadedRollups } from '../apply/rollup-version.ts';
import { waitAndTell } from '../apply/wait-and-tell.ts';
import type { Forgetting } from './carry-out.ts';
import { type ClusterOrder, type FoundInCluster, forgottenEntries } from './cluster-forgotten.ts';
import { untilStored } from './until-stored.ts';

/** Finds all there is of a person, once nothing of it is on its way any more; from then on nobody reads it. */
export async function find(
  order: ClusterOrder,
  cut: readonly number[],
  work: Forgetting,
): Promise<void> {
  const { claim, clock, reach, archive, plan } = work;
  await untilStored('everything', clock.now(), work);
  await untilArchived(cut, work);
  const lettersEnds = await work.offsets.ends(topicNames(plan).deadLetters);
  const perPartition: TheirEvents[] = [];
  for (const [partition, before] of cut.entries()) {
    const theirs = await inPartition(order, { partition, before }, work);
    const { ranges } = new OffsetSet([]).with(theirs.byOffset.keys());
    for (const entry of forgottenEntries(order.id, partition, ranges))
      await claim.keepForgotten(entry);
    perPartition.push(theirs);
  }
  const events = perPartition.flatMap(({ byOffset }) => [...byOffset.values()]);
  const unstored = new Set(perPartition.flatMap((theirs) => [...theirs.unstored]));
  const found: FoundInCluster = {
    events: events.length,
    letters: await lettersOf(order, lettersEnds, unstored, work),
    archived:
      archive === null
        ? null
        : perPartition.reduce((sum, { archived }) => sum + archived.length, 0),
    rollups: touchedRollups(loadedRollups(claim.applied.rollups), events),
    lastMs: events.reduce<number | null>(
      (last, { timestamp }) => Math.max(last ?? timestamp, timestamp),
      null,
    ),
  };
  await claim.keepForgotten({ kind: 'forget', order: { ...order, found } });
  reach('forget-found');
}

/** Resolves once archivers have brought there what lies below the cut. */
async function untilArchived(cut: readonly number[], work: Forgetting): Promise<void> {
  if (work.archive === null) return;
  const manifest = new Manifest(work.archive.objects);
  for (const [partition, before] of cut.entries()) {
    const wait = waitAndTell(
      () => `waiting until partition ${partition} is archived up to ${before}`,
      work,
    );
    while (((await manifest.end(partition)) ?? 0) < before) await wait();
  }
}

async function inPartition(
  { person }: ClusterOrder,
  { partition, before }: { readonly partition: number; readonly before: number },
  { plan, kafka, claim, store, archive, reach, signal }: Forgetting,
): Promise<TheirEvents> {
  const topic = topicNames(plan).clean;
  const log = await PartitionReader.open({ ...kafka, topic, partition });
  try {
    // What this order found before a crash is found again.
    const others = new OffsetSet(claim.applied.forgotten.offsets[partition] ?? []);
    return await findEvents(
      { person, before },
      {
        log: forgetfulLog(log, () => others),
        archive: archive && (await new ArchiveRemoval({ ...archive, partition, reach }).open()),
        questions: { theirEvents: (past) => theirEvents({ ...past, partition }, { database }) },
        ...{ store, signal },
      },
    );
  } finally {
    await log.close();
  }
}

/** By partition of the dead letters, the offsets of those that name the person. */
async function lettersOf(
  { person, lettersBefore }: ClusterOrder,
  ends: readonly number[],
  unstored: ReadonlySet<string>,
  { store, signal }: Forgetting,
): Promise<readonly (readonly number[])[]> {
  const letters: (readonly number[])[] = [];
  for (const [partition, lettersEnd] of ends.entries()) {
    const past = { person, lettersBefore: lettersBefore[partition] ?? 0 };
    const questions = {
      lettersToLookAt: (_: unknown, before: number) =>
        lettersToLookAt({ person, partition, before }, { database }),
    };
    letters.push(await findLetters(past, { store, questions, lettersEnd, unstored, signal }));
  }
  return letters;
}

import { uuidV7 } from '../../../collect/uuid-v7.ts';
import { topicNames } from '../../../compile/kafka/topics.ts';
import { MillraceError } from '../../../errors.ts';
import type { Person } from '../../../ports/forget-progress.ts';
import type { Applied } from '../apply/applied.ts';
import { isToCome } from '../apply/stages.ts';
import type { Forgetting } from './carry-out.ts';
import type { ClusterOrder } from './cluster-forgotten.ts';

/**
 * The order that is to be carried out: a new one, or the same that is under way. It
 * is durable.
 *
 * @param person null for the one under way, whoever it is about.
 * @throws MillraceError `forget_invalid`, `forget_conflict`, `archive_unavailable`.
 */
export async function takeOrder(
  person: Person | null,
  hasArchive: boolean,
  work: Omit<Forgetting, 'archive'>,
): Promise<ClusterOrder> {
  const { claim, clock, plan, offsets, reach } = work;
  const { underWay } = claim.applied.forgotten;
  if (underWay !== null) {
    if (person !== null && !isSame(person, underWay.person))
      throw conflict(`The order ${underWay.id} is under way.`);
    if (underWay.hasArchive && !hasArchive)
      throw new MillraceError(
        'archive_unavailable',
        `The order ${underWay.id} was given with an archive, which is not named now: --archive.`,
      );
    return underWay;
  }
  const ids = [person?.userId, person?.anonymousId].filter((id) => id != null);
  if (person === null || ids.length === 0 || ids.includes(''))
    throw new MillraceError('forget_invalid', 'Say whom: --user, --anonymous-id.');
  requireRest(claim.applied);
  const order: ClusterOrder = {
    id: uuidV7(clock.now()),
    ...{ person, hasArchive, orderedAtMs: clock.now() },
    lettersBefore: await offsets.ends(topicNames(plan).deadLetters),
    ...{ cut: null, found: null, removed: false, archivedTo: [] },
  };
  await claim.keepForgotten({ kind: 'forget', order });
  reach('forget-ordered');
  return order;
}

/** A version that is being filled may have read what is found, and has not got all of it. */
function requireRest({ begun, rollups, windows }: Applied): void {
  const versions = [...Object.values(rollups), ...Object.values(windows)];
  if (begun === null && !versions.some((one) => isToCome(one) || one.stage === 'leaving')) return;
  throw conflict('What was asked of the cluster is not done yet: run `millrace apply` first.');
}

const isSame = (one: Person, other: Person): boolean =>
  one.userId === other.userId && one.anonymousId === other.anonymousId;

const conflict = (message: string): MillraceError => new MillraceError('forget_conflict', message);

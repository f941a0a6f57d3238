import { deltasTable } from '../../../compile/clickhouse/deltas-table.ts';
import {
  deleteEvents,
  deleteKeyed,
  deleteLetters,
  deleteRecords,
  isKeyedBy,
  type RecordsTable,
} from '../../../compile/clickhouse/forget.ts';
import { deltasTopicName } from '../../../compile/kafka/topics.ts';
import { filledByDeltas } from '../../../plan/deltas.ts';
import { database } from '../../database.ts';
import { standingRollups } from '../apply/rollup-version.ts';
import { loaderGroup } from '../group-names.ts';
import type { Forgetting } from './carry-out.ts';
import type { ClusterOrder, FoundInCluster } from './cluster-forgotten.ts';

const lettersAtOnce = 10_000;

/**
 * Removes their events, dead letters that name them, and rows of rollups under their
 * ids. All that was made of their events is in these tables by now.
 */
export async function removeRows(
  order: ClusterOrder,
  { cut, found }: { readonly cut: readonly number[]; readonly found: FoundInCluster },
  work: Forgetting,
): Promise<void> {
  const { claim, reach } = work;
  const { person } = order;
  for (const [partition, before] of cut.entries())
    await remove(deleteEvents({ person, partition, before }, { database }), work);
  reach('forget-events-removed');
  for (const [partition, offsets] of found.letters.entries()) {
    for (let first = 0; first < offsets.length; first += lettersAtOnce) {
      const some = offsets.slice(first, first + lettersAtOnce);
      await remove(deleteLetters({ partition, offsets: some }, { database }), work);
    }
  }
  for (const rollup of standingRollups(claim.applied.rollups)) {
    if (!isKeyedBy(rollup, person)) continue;
    await remove(deleteKeyed(rollup, person, { database }), work);
    if (!filledByDeltas(rollup)) continue;
    const log = deltasTopicName(rollup, work.plan);
    await removeRecords({ by: rollup.by, table: deltasTable(rollup, database) }, log, order, work);
  }
  reach('forget-rows-removed');
  await claim.keepForgotten({ kind: 'forget', order: { ...order, removed: true } });
}

/** Of records that loaders brought; an insert of others may be under way, and be repeated. */
export async function removeRecords(
  records: RecordsTable,
  log: string,
  { person }: ClusterOrder,
  work: Forgetting,
): Promise<void> {
  const loaded = await work.offsets.committed({ group: loaderGroup(work.plan), log });
  for (const [partition, before] of loaded.entries())
    await remove(deleteRecords(records, { person, partition, before }), work);
}

/** @throws MillraceError `apply_in_progress` if another process may be at it by now; StoreError. */
export async function remove(statement: string, { claim, store }: Forgetting): Promise<void> {
  claim.sure();
  await store.define(statement);
}

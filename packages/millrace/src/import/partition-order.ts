import type { MappedRow, MapRow } from './map-row.ts';
import { partitionOf } from './partition-of.ts';
import type { RawRow } from './raw-row.ts';
import type { RowSpool } from './row-spool.ts';

/** Rows that the store may get in one insert, and the partitions these may touch. */
export interface PartitionBounds {
  readonly rows: number;
  readonly partitions: number;
}

/**
 * Two such runs of rows may meet in one insert, which may touch 100 partitions
 * unless the pipeline says otherwise. Never to be changed without a new
 * name for the ledger's entries: the order of a file must stay what it was.
 */
export const partitionBounds: PartitionBounds = { rows: 50_000, partitions: 50 };

/** Rows that go to no partition come before all others. */
const nowhere = Number.NEGATIVE_INFINITY;

/**
 * Puts rows into an order in which the store can take them. They pass as they
 * come while every run of `bounds.rows` touches few partitions (month and
 * type), as a file in order of time does. Where one touches too many, it and
 * all that follow are sorted by partition, on disk.
 *
 * The order depends on the rows and the mapping alone, so that an import can
 * go on after an interruption by counting rows.
 *
 * @param onPutAside told from time to time while rows are put aside to be sorted.
 */
export async function* inPartitionOrder(
  batches: AsyncIterable<readonly RawRow[]>,
  map: MapRow,
  openSpool: () => RowSpool,
  onPutAside: () => void = () => {},
  bounds: PartitionBounds = partitionBounds,
): AsyncGenerator<readonly MappedRow[]> {
  let spool: RowSpool | undefined;
  let partitions = new Set<number>();
  let rowsOfRun = 0;
  try {
    for await (const batch of batches) {
      const passing: MappedRow[] = [];
      for (const raw of batch) {
        const row = map(raw);
        const partition = partitionOf(row, 'month');
        if (spool !== undefined) {
          await spool.add(partition ?? nowhere, raw);
          continue;
        }
        if (rowsOfRun === bounds.rows) {
          rowsOfRun = 0;
          partitions = new Set();
        }
        rowsOfRun += 1;
        if (partition !== null) partitions.add(partition);
        if (partitions.size > bounds.partitions) {
          spool = openSpool();
          await spool.add(partition ?? nowhere, raw);
        } else {
          passing.push(row);
        }
      }
      if (passing.length > 0) yield passing;
      if (spool !== undefined) onPutAside();
    }
    if (spool === undefined) return;
    for await (const batch of spool.rows()) yield batch.map(map);
  } finally {
    await spool?.close();
  }
}

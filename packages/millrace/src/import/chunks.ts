import { join } from 'node:path';
import type { MappedRow, MapRow } from './map-row.ts';
import { inPartitionOrder } from './partition-order.ts';
import type { RowSource } from './raw-row.ts';
import { openRowSpool } from './row-spool.ts';

/** Rows that follow one another in the order of the import. */
export interface Chunk {
  readonly rows: readonly MappedRow[];
}

/** Which ids a file had already. */
export interface SeenIds {
  /** For each id in order: 1 the first time, 0 from then on. */
  admit(ids: readonly string[]): Uint8Array;
}

export interface ChunkOptions {
  /** For rows that have to be sorted. */
  readonly folder: string;
  readonly seen: SeenIds;
  /** Told from time to time while rows are put aside to be sorted. */
  readonly onPutAside?: () => void;
  readonly rowsMax: number;
  /** Of the rows as they are in the file. */
  readonly bytesMax?: number;
}

/** Cuts the rows from `position` on into chunks: the same ones, whatever came before. */
export async function* chunksFrom(
  position: number,
  source: RowSource,
  map: MapRow,
  options: ChunkOptions,
): AsyncGenerator<Chunk> {
  const { folder, seen, rowsMax, bytesMax = 2 * 1024 * 1024 } = options;
  const openSpool = () => openRowSpool(join(folder, 'rows'));
  const ordered = inPartitionOrder(source.batches, map, openSpool, options.onPutAside);
  let toSkip = position;
  let rows: MappedRow[] = [];
  let bytes = 0;
  for await (const batch of ordered) {
    // What was taken before counts as well: its ids are known.
    const marked = markRepeated(batch, seen);
    const left = marked.slice(toSkip);
    toSkip = Math.max(0, toSkip - marked.length);
    for (const row of left) {
      rows.push(row);
      bytes += row.raw.bytes;
      if (rows.length < rowsMax && bytes < bytesMax) continue;
      yield { rows };
      rows = [];
      bytes = 0;
    }
  }
  if (rows.length > 0) yield { rows };
}

/** Of the rows that share an id made from content, all but the first. */
function markRepeated(rows: readonly MappedRow[], seen: SeenIds): readonly MappedRow[] {
  const ids = rows.flatMap(({ contentId }) => (contentId === undefined ? [] : [contentId]));
  if (ids.length === 0) return rows;
  const isNew = seen.admit(ids);
  let at = 0;
  return rows.map((row) => {
    if (row.contentId === undefined) return row;
    const first = isNew[at] === 1;
    at += 1;
    return first ? row : { ...row, event: 'repeated' };
  });
}

import type { LogReader } from '../ports/log.ts';
import type { PartitionRange } from './archived-range.ts';

const newline = 0x0a;
const sliceLimits = { rowsMax: 50_000, bytesMax: 16 * 1024 * 1024 } as const;

/**
 * The lines of a range, each with its place in the log as its first members.
 *
 * @returns a shorter range, if its lines would have more bytes than allowed; at
 *   least what one read gives.
 */
export async function placedLines(
  log: LogReader,
  { partition, from, to }: PartitionRange,
  bytesMax: number,
): Promise<{ readonly lines: Uint8Array; readonly range: PartitionRange }> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  let next = from;
  while (next < to && bytes < bytesMax) {
    const rowsMax = Math.min(sliceLimits.rowsMax, to - next);
    const slice = await log.read(next, { ...sliceLimits, rowsMax });
    // Nothing but ends of transactions is left of it.
    const behind = slice.to > next ? slice.to : to;
    const lines = Buffer.from(slice.lines.buffer, slice.lines.byteOffset, slice.lines.byteLength);
    let offset = slice.from;
    for (let at = 0; at < lines.length && offset < to; offset += 1) {
      const end = lines.indexOf(newline, at) + 1;
      const place = Buffer.from(`{"_partition":${partition},"_offset":${offset},`);
      // Behind the brace with which each line begins.
      pieces.push(place, lines.subarray(at + 1, end));
      bytes += place.length + end - at;
      at = end;
    }
    next = Math.min(behind, to);
  }
  return { lines: Buffer.concat(pieces), range: { partition, from, to: next } };
}

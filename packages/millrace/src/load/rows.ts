import type { LogSlice } from '../ports/log.ts';

const newline = 0x0a;

/**
 * Gives each line its place in the log: `{…}` becomes
 * `{"_partition":0,"_offset":12,…}`. Bytes are moved, not parsed.
 */
export function rowsWithOffsets(slice: LogSlice, partition: number): Buffer {
  const { lines } = slice;
  const source = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength);
  const head = `{"_partition":${partition},"_offset":`;
  const digitsMax = String(slice.to).length;
  const rows = slice.to - slice.from;
  const target = Buffer.allocUnsafe(source.length + rows * (head.length + digitsMax));
  let read = 0;
  let written = 0;
  for (let offset = slice.from; offset < slice.to; offset += 1) {
    const end = source.indexOf(newline, read) + 1;
    if (end === 0) throw new RangeError(`a slice of ${rows} records ends at record ${offset}`);
    written += target.write(`${head}${offset},`, written, 'latin1');
    // The opening brace has just been written anew.
    written += source.copy(target, written, read + 1, end);
    read = end;
  }
  if (read !== source.length) throw new RangeError(`a slice of ${rows} records holds more lines`);
  return target.subarray(0, written);
}

import type { ScratchFolder } from '../../ports/disk.ts';
import { type RunFile, RunWriter, type SliceSpan } from './run-file.ts';
import { sortHashes } from './sort-hashes.ts';

const HASH_BYTES = 16;
let made = 0;

/** A run of these hashes, in whatever order they are. Its file goes when it is closed. */
export function runOf(hashes: Buffer, folder: ScratchFolder, slices: SliceSpan): RunFile {
  made++;
  const writer = new RunWriter(folder, `${made}.run`, slices, hashes.length / HASH_BYTES);
  const sorted = sortHashes(hashes);
  for (let at = 0; at < sorted.byteLength; at += HASH_BYTES) writer.append(sorted, at);
  return writer.finish();
}

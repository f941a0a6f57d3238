import type { LogFolder } from './active-segment.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { readHeader, scanFrames } from './scan.ts';
import { readSealedIds, type Seal, writeSeal } from './seal.ts';
import { corrupt, emptySegment, sealPath, segmentPath } from './segment.ts';

/** Makes the seal of a segment again from its frames, up to the offset that the next one begins with. */
export async function rebuildSeal(
  at: LogFolder,
  base: number,
  until: number,
  seed: number,
): Promise<{ seal: Seal; ids: Buffer }> {
  const { disk, folder } = at;
  const path = segmentPath(folder, base);
  const file = await disk.open(path, 'read');
  try {
    const { bytes } = await readHeader(file, path, base);
    const found = {
      file,
      segment: emptySegment(folder, base, bytes),
      ids: new GrowingBuffer(64 * 1024),
    };
    await scanFrames(found, seed, () => {}, until);
    const { segment, ids } = found;
    if (segment.end < until && segment.bytes < (await file.size()))
      throw corrupt(path, segment.bytes, 'a frame is damaged');
    return {
      seal: await writeSeal(disk, folder, sealPath(folder, base), segment, ids.bytes, seed),
      ids: ids.bytes,
    };
  } finally {
    await file.close();
  }
}

/**
 * The ids of a sealed segment, from its seal or, if that is damaged, from its frames.
 *
 * @throws MillraceError `log_corrupt` if neither has them.
 */
export async function sealedIds(
  at: LogFolder,
  seal: Seal,
  hasSegment: boolean,
  seed: number,
): Promise<Buffer> {
  const path = sealPath(at.folder, seal.base);
  const kept = await readSealedIds(at.disk, path, seal, seed);
  if (kept !== undefined) return kept;
  if (!hasSegment) throw corrupt(path, 0, 'the ids of a deleted segment are damaged');
  return (await rebuildSeal(at, seal.base, seal.end, seed)).ids;
}

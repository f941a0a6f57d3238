import { dirname } from 'node:path';
import { type Disk, isMissing } from '../ports/disk.ts';
import { removeFile } from './remove-file.ts';

/**
 * Replaces a file so that a crash at any moment leaves the old or the new one, whole.
 *
 * @param fresh where the new one is written first, and may be left by a crash.
 */
export async function replaceFile(
  disk: Disk,
  path: string,
  content: string,
  fresh = `${path}.new`,
): Promise<void> {
  // A power failure may leave it as a second name of the old file, which must not be written to.
  await removeFile(disk, fresh);
  const file = await disk.open(fresh, 'create');
  try {
    await file.write(Buffer.from(content), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(fresh, path);
  await disk.syncFolder(dirname(path));
}

export async function readFileIfThere(disk: Disk, path: string): Promise<string | null> {
  const file = await disk.open(path, 'read').catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (file === null) return null;
  try {
    const bytes = Buffer.alloc(await file.size());
    return bytes.subarray(0, await file.read(bytes, 0)).toString();
  } finally {
    await file.close();
  }
}

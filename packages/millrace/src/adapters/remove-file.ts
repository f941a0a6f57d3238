import { type Disk, isMissing } from '../ports/disk.ts';

/** Deletes a file, or finds that it is gone: an earlier call may have done it and failed all the same. */
export async function removeFile(disk: Disk, path: string): Promise<void> {
  await disk.unlink(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

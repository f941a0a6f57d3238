import { randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MillraceError } from '../../errors.ts';
import { hasCode } from '../../has-code.ts';
import { isMissing } from '../../ports/disk.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { nodeDisk } from '../node-disk.ts';

/** What is being written, or was when a process died. No object is named so. */
const unfinished = '.unfinished';
/** Nobody writes on one for so long. Should somebody, giving it its name fails, and is tried again. */
const draftMsMax = 3_600_000;
const fileMode = 0o600;

/** Objects as files of a folder, which is made when the first is written. */
export function diskObjects(folder: string): ObjectStore {
  const answered = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (cause) {
      const code = isFull(cause) ? 'archive_full' : 'archive_unavailable';
      throw new MillraceError(code, `${what} in ${folder}: ${reasonOf(cause)}`, { cause });
    }
  };
  let swept: Promise<void> | undefined;
  return {
    create: (name, bytes) =>
      answered(`${name} cannot be written`, async () => {
        const path = join(folder, name);
        await nodeDisk.makeFolder(dirname(path));
        swept ??= removeOldDrafts(folder);
        await swept.catch((error: unknown) => {
          swept = undefined;
          throw error;
        });
        const draft = join(dirname(path), `${randomUUID()}${unfinished}`);
        try {
          await writeDraft(draft, bytes);
          // A name is given to one file alone, however many try.
          await link(draft, path);
          return true;
        } catch (error) {
          if (hasCode(error, 'EEXIST')) return false;
          throw error;
        } finally {
          // On a full disk what is there of it takes the room that others need.
          await rm(draft, { force: true });
          await nodeDisk.syncFolder(dirname(path));
        }
      }),
    read: (name) =>
      answered(`${name} cannot be read`, async () => {
        try {
          return await readFile(join(folder, name));
        } catch (error) {
          if (isMissing(error)) return null;
          throw error;
        }
      }),
    list: (prefix) =>
      answered(`${prefix} cannot be listed`, async () => {
        try {
          const paths = await filesIn(join(folder, prefix));
          const names = paths
            .filter((path) => !path.endsWith(unfinished))
            .map((path) => path.slice(join(folder, '/').length));
          return names.toSorted(byBytes);
        } catch (error) {
          if (isMissing(error)) return [];
          throw error;
        }
      }),
    remove: (name) =>
      answered(`${name} cannot be removed`, async () => {
        try {
          await unlink(join(folder, name));
          await nodeDisk.syncFolder(dirname(join(folder, name)));
        } catch (error) {
          if (!isMissing(error)) throw error;
        }
      }),
  };
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** What dead processes left: it takes room, and nobody would forget the people in it. */
async function removeOldDrafts(folder: string): Promise<void> {
  const drafts = (await filesIn(folder)).filter((path) => path.endsWith(unfinished));
  for (const draft of drafts) {
    try {
      const { mtimeMs } = await stat(draft);
      if (Date.now() - mtimeMs > draftMsMax) await rm(draft, { force: true });
    } catch (error) {
      // Whoever wrote it has ended it meanwhile.
      if (!isMissing(error)) throw error;
    }
  }
}

async function writeDraft(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', fileMode);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

const isFull = (error: unknown): boolean => hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT');

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

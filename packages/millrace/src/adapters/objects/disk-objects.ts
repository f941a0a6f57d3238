import { randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MillraceError } from '../../errors.ts';
import { hasCode } from '../../has-code.ts';
import { isMissing } from '../../ports/disk.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { nodeDisk } from '../node-disk.ts';

/** What is being written, or was when a process died. No object is named so. */
const unfinished = '.unfinished';
const fileMode = 0o600;

/** Objects as files of a folder, which is made when the first is written. */
export function diskObjects(folder: string): ObjectStore {
  const answered = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (cause) {
      throw new MillraceError('archive_unavailable', `${what} in ${folder}.`, { cause });
    }
  };
  return {
    create: (name, bytes) =>
      answered(`${name} cannot be written`, async () => {
        const path = join(folder, name);
        await nodeDisk.makeFolder(dirname(path));
        const draft = join(dirname(path), `${randomUUID()}${unfinished}`);
        const file = await open(draft, 'wx', fileMode);
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        try {
          // A name is given to one file alone, however many try.
          await link(draft, path);
          return true;
        } catch (error) {
          if (hasCode(error, 'EEXIST')) return false;
          throw error;
        } finally {
          await unlink(draft);
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
          const found = await readdir(join(folder, prefix), {
            recursive: true,
            withFileTypes: true,
          });
          const files = found.filter((entry) => entry.isFile() && !entry.name.endsWith(unfinished));
          const names = files.map(({ parentPath, name }) =>
            join(parentPath, name).slice(join(folder, '/').length),
          );
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

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

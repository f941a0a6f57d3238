import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files that hold bytes while the engine reads or writes them. */
export interface Scratch {
  readonly folder: string;
  with<T>(bytes: Uint8Array, work: (file: string) => Promise<T>): Promise<T>;
  remove(): void;
}

/** To the engine these make a path a pattern, and nothing quotes them. */
const wildcards = /[*?{}]/;

/** What an earlier process left in the folder is removed. */
export function scratchFiles(wanted: string): Scratch {
  rmSync(wanted, { recursive: true, force: true });
  const folder = wildcards.test(wanted) ? mkdtempSync(join(tmpdir(), 'millrace-')) : wanted;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let serial = 0;
  return {
    folder,
    async with(bytes, work) {
      serial += 1;
      const file = join(folder, `${serial}.ndjson`);
      try {
        // Not synced: after a crash the rows are read from the log again.
        await writeFile(file, bytes, { mode: 0o600 });
        return await work(file);
      } finally {
        await rm(file, { force: true });
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

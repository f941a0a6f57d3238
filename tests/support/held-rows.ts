import { execFileSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';

/** Rows that an engine waits for. */
export interface HeldRows {
  /** A table function with the column `id`, of which there is one row. */
  readonly from: string;
  /** Lets them come. */
  release(): void;
}

/** Through a pipe at this path, which must not exist yet. */
export function holdRows(path: string): HeldRows {
  execFileSync('mkfifo', [path]);
  return {
    from: `file('${path}', 'JSONEachRow', 'id UInt64')`,
    release: () => {
      createWriteStream(path).end('{"id":1}\n');
    },
  };
}

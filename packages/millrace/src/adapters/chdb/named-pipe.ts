import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StoreError } from '../../ports/store.ts';

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/**
 * What the engine writes as into a file comes out here as it is written, and
 * once nobody takes it, the engine waits. For one statement at a time.
 */
export class NamedPipe {
  readonly path: string;
  readonly #out: Socket;
  #ours: number | undefined;

  /** @param path of one that `makeNamedPipes` made. */
  constructor(path: string) {
    this.path = path;
    const out = openSync(path, O_RDONLY | O_NONBLOCK);
    // Until the engine has opened it there would be nobody to write, which reads as its end.
    this.#ours = openSync(path, O_WRONLY | O_NONBLOCK);
    this.#out = new Socket({ fd: out, readable: true, writable: false });
  }

  get bytes(): AsyncIterable<Buffer> {
    return this.#out;
  }

  /** The bytes end once the engine has closed it as well. */
  end(): void {
    if (this.#ours !== undefined) closeSync(this.#ours);
    this.#ours = undefined;
  }

  /** Whoever writes gets an error, at once. Called again while one may still be about to open it. */
  break(): void {
    this.end();
    this.#out.destroy();
    // Who opens it waits for somebody who reads: that one comes, and goes.
    closeSync(openSync(this.path, O_RDONLY | O_NONBLOCK));
  }
}

/** @throws StoreError where they cannot be made. */
export async function makeNamedPipes(folder: string, count: number): Promise<string[]> {
  const paths = Array.from({ length: count }, (_, i) => join(folder, `answer-${i + 1}`));
  try {
    // Node itself makes none.
    await promisify(execFile)('mkfifo', ['-m', '600', ...paths]);
  } catch (error) {
    const why = error instanceof Error ? error.message.trim() : String(error);
    throw new StoreError(
      76,
      `Code: 76. DB::Exception: The command mkfifo, of coreutils, makes no pipes: ${why}. (CANNOT_OPEN_FILE)`,
      'same',
      { cause: error },
    );
  }
  return paths;
}

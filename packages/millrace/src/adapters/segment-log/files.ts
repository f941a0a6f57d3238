import {
  constants,
  type FileHandle,
  open,
  readdir,
  rename,
  statfs,
  unlink,
} from 'node:fs/promises';

/** What the log asks of the disk, so that tests can make any of it fail. */
export interface Files {
  /** `create` also opens for writing and discards what was there. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<LogFile>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  list(folder: string): Promise<string[]>;
  /** Makes created, renamed and deleted names durable. */
  syncFolder(folder: string): Promise<void>;
  freeBytes(folder: string): Promise<number>;
}

export interface LogFile {
  /** Fills `into` as far as the file goes; returns the bytes read. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** All of `bytes`, or an error. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

const flags = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
};

export const localFiles: Files = {
  open: async (path, mode) => new LocalFile(await open(path, flags[mode])),
  rename,
  unlink,
  list: (folder) => readdir(folder),
  async syncFolder(folder) {
    const handle = await open(folder, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
};

class LocalFile implements LogFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const { bytesRead } = await this.#handle.read(
        into,
        done,
        into.length - done,
        position + done,
      );
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(
        bytes,
        done,
        bytes.length - done,
        position + done,
      );
      if (bytesWritten === 0) throw new Error('The disk took no bytes.');
      done += bytesWritten;
    }
  }

  sync = (): Promise<void> => this.#handle.datasync();
  truncate = (bytes: number): Promise<void> => this.#handle.truncate(bytes);
  size = async (): Promise<number> => (await this.#handle.stat()).size;
  close = (): Promise<void> => this.#handle.close();
}

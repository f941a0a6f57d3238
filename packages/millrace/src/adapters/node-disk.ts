import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import {
  constants,
  type FileHandle,
  mkdir,
  open,
  readdir,
  rename,
  statfs,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '../has-code.ts';
import type { Disk, DiskFile, ScratchFile, ScratchFolder, SyncFile } from '../ports/disk.ts';

const flags = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
};

/** What is kept is nobody else's to read. */
const fileMode = 0o600;
const folderMode = 0o700;

/** The disk of this machine. */
export const nodeDisk: Disk = {
  open: async (path, mode) => new NodeFile(await open(path, flags[mode], fileMode)),
  rename,
  unlink,
  list: (folder) => readdir(folder),
  async makeFolder(path) {
    const first = await mkdir(path, { recursive: true, mode: folderMode });
    let above = dirname(path);
    // Even if it was there: whoever made it may have died before its name was durable.
    await syncFolder(above).catch((error: unknown) => {
      if (first !== undefined || !isDenied(error)) throw error;
    });
    for (; first !== undefined && above !== dirname(first); ) {
      above = dirname(above);
      await syncFolder(above);
    }
  },
  syncFolder,
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
  openSync: (path) => new NodeSyncFile(path, constants.O_RDONLY),
  openScratch(folder, ending): ScratchFolder {
    mkdirSync(folder, { recursive: true, mode: folderMode });
    for (const name of readdirSync(folder)) if (name.endsWith(ending)) rmSync(join(folder, name));
    return { create: (name) => new NodeScratchFile(join(folder, name)) };
  },
};

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A folder that others own may be passed through and not read. */
const isDenied = (error: unknown): boolean => hasCode(error, 'EACCES');

class NodeFile implements DiskFile {
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

class NodeSyncFile implements SyncFile {
  readonly path: string;
  protected readonly descriptor: number;

  constructor(path: string, mode: string | number) {
    this.path = path;
    this.descriptor = openSync(path, mode, fileMode);
  }

  read = (into: DataView, bytes: number, position: number): number =>
    readSync(this.descriptor, into, 0, bytes, position);

  close(): void {
    closeSync(this.descriptor);
  }
}

class NodeScratchFile extends NodeSyncFile implements ScratchFile {
  constructor(path: string) {
    super(path, 'wx+');
  }

  append(from: DataView, bytes: number): void {
    for (let done = 0; done < bytes; ) done += writeSync(this.descriptor, from, done, bytes - done);
  }

  override close(): void {
    super.close();
    unlinkSync(this.path);
  }
}

import { hasCode } from '../has-code.ts';

/**
 * The files that must survive a crash, and what each call promises of that.
 *
 * Two things are durable on their own: what is in a file, and which names are
 * in a folder. Until the call that makes them so has resolved, a power failure
 * may keep any part of what was done since, in any order, down to a part of a
 * sector, and may keep a file's new length without its bytes. A process that
 * dies alone loses nothing that was written; the next one reads it, durable or not.
 *
 * Any call may reject, with an error whose `code` is the system's (`ENOSPC`,
 * `EIO`): it may then have been done, in part or whole.
 */
export interface Disk {
  /**
   * `read` is for reading alone, `write` for both; `create` also makes the file,
   * or empties it.
   *
   * @throws Error with `code` `ENOENT` if there is no such file to read or write.
   */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>;
  /** A crash leaves the old or the new file under the name, never none. Durable once the folder is synced. */
  rename(from: string, to: string): Promise<void>;
  /** Durable once the folder is synced. */
  unlink(path: string): Promise<void>;
  /** Names, in no order. */
  list(folder: string): Promise<string[]>;
  /** Makes the folder, and those above it, if they are missing. Durable, names and all, when it resolves. */
  makeFolder(path: string): Promise<void>;
  /** Makes created, renamed and deleted names durable; not what is in the files. */
  syncFolder(folder: string): Promise<void>;
  freeBytes(folder: string): Promise<number>;
  /**
   * A file to be read in the middle of an answer. It can be read for as long as
   * it is open, even once its name is gone.
   *
   * @throws Error with `code` `ENOENT` if there is no such file.
   */
  openSync(path: string): SyncFile;
  /**
   * A folder for files that nobody reads after this process. Those of earlier
   * ones, which are the files with this ending, are removed.
   */
  openScratch(folder: string, ending: string): ScratchFolder;
}

export interface DiskFile {
  /** Fills `into` as far as the file goes; returns the bytes read. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** All of `bytes`, or an error after any part of them. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /**
   * Makes what was written and cut durable, but not the file's name.
   *
   * If it rejects, no later call makes up for it: the system may have dropped
   * the bytes, though it still reads them back. They must be written again.
   */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** Synchronous, because answers are needed before the next record is looked at. */
export interface ScratchFolder {
  /** @throws Error if there is a file of that name. */
  create(name: string): ScratchFile;
}

export interface SyncFile {
  readonly path: string;
  /** Fills the first `bytes` of it as far as the file goes; returns the bytes read. */
  read(into: DataView, bytes: number, position: number): number;
  close(): void;
}

export interface ScratchFile extends SyncFile {
  /** Writes the first `bytes` of it behind what is there. */
  append(from: DataView, bytes: number): void;
  /** Nobody reads it any more: it is deleted, too. */
  close(): void;
}

/** Whether an error of the disk says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT');
}

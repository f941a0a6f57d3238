import { type FileHandle, open, unlink } from 'node:fs/promises';
import { StoreError } from '../../ports/store.ts';
import type { DiskRoom } from './disk-room.ts';

/** What stays in memory while its taker keeps up. */
const MEMORY_BYTES_MAX = 1024 * 1024;
const READ_BYTES_MAX = 256 * 1024;
/** How long bytes wait for room on the disk before their answer fails. */
const ROOM_WAIT_MAX_MS = 10_000;

/**
 * Bytes on their way from one who must not wait to one who may be slow: what is
 * not yet taken is in a file. Where the disk has no room the first one waits too,
 * but not for long.
 */
export class Spool {
  readonly #path: string;
  readonly #room: DiskRoom;
  readonly #roomWaitMaxMs: number;
  readonly #memory: Uint8Array[] = [];
  #memoryBytes = 0;
  #file: FileHandle | undefined;
  /** What the file has of the room on the disk. */
  #size = 0;
  /** Where in the file the next bytes are written, and taken. */
  #written = 0;
  #taken = 0;
  #isTaken = false;
  #hasEnded = false;
  #isClosed = false;
  #failure: unknown;
  readonly #sleepers: (() => void)[] = [];

  /** @param path of a file that is not there; it has no name any more once it is open. */
  constructor(path: string, room: DiskRoom, roomWaitMaxMs = ROOM_WAIT_MAX_MS) {
    this.#path = path;
    this.#room = room;
    this.#roomWaitMaxMs = roomWaitMaxMs;
  }

  /** One at a time. @throws StoreError where there is no room, and nobody makes some in time. */
  async write(chunk: Uint8Array): Promise<void> {
    const until = performance.now() + this.#roomWaitMaxMs;
    while (!this.#isClosed) {
      const isFileEmpty = this.#taken === this.#written;
      const fits = this.#memoryBytes + chunk.byteLength <= MEMORY_BYTES_MAX;
      if (isFileEmpty && fits) {
        this.#memory.push(chunk);
        this.#memoryBytes += chunk.byteLength;
        this.#wake();
        return;
      }
      if (isFileEmpty) this.#taken = this.#written = 0;
      const more = Math.max(0, this.#written + chunk.byteLength - this.#size);
      if (this.#room.take(more)) {
        this.#size += more;
        await this.#append(chunk);
        return;
      }
      const leftMs = until - performance.now();
      if (!this.#isTaken || leftMs <= 0) throw noRoom(this.#room);
      await this.#change(leftMs);
    }
  }

  /** After the last write. */
  end(failure?: unknown): void {
    this.#hasEnded = true;
    this.#failure = failure;
    this.#wake();
  }

  /** What was written, to its end, once. @throws what it ended with. */
  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    this.#isTaken = true;
    while (!this.#isClosed) {
      const chunk = this.#memory.shift();
      if (chunk !== undefined) {
        this.#memoryBytes -= chunk.byteLength;
        this.#wake();
        yield chunk;
      } else if (this.#taken < this.#written) {
        yield await this.#take();
      } else if (this.#hasEnded) {
        if (this.#failure !== undefined) throw this.#failure;
        return;
      } else {
        await this.#change();
      }
    }
  }

  /** Nobody wants the rest, nor what may yet be written. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wake();
    await this.#file?.close();
    this.#room.giveBack(this.#size);
  }

  async #append(chunk: Uint8Array): Promise<void> {
    if (this.#file === undefined) {
      const file = await openNameless(this.#path);
      // Meanwhile nobody may want it any more.
      if (this.#isClosed) return file.close();
      this.#file = file;
    }
    await this.#file.write(chunk, 0, chunk.byteLength, this.#written);
    this.#written += chunk.byteLength;
    this.#wake();
  }

  async #take(): Promise<Uint8Array> {
    if (this.#file === undefined) throw new Error('There is no file to take from.');
    const wanted = Math.min(READ_BYTES_MAX, this.#written - this.#taken);
    const { bytesRead, buffer } = await this.#file.read(
      Buffer.allocUnsafe(wanted),
      0,
      wanted,
      this.#taken,
    );
    if (bytesRead === 0) throw new Error('A file of an answer ends before its time.');
    this.#taken += bytesRead;
    this.#wake();
    return buffer.subarray(0, bytesRead);
  }

  /** Resolves once something here, or the room on the disk, is another, or so long has passed. */
  #change(timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const waking =
        timeoutMs === undefined ? undefined : setTimeout(() => this.#wake(), timeoutMs);
      const sleeper = (): void => {
        clearTimeout(waking);
        resolve();
      };
      this.#sleepers.push(sleeper);
      this.#room.onMore(sleeper);
    });
  }

  #wake(): void {
    for (const sleeper of this.#sleepers.splice(0)) {
      this.#room.off(sleeper);
      sleeper();
    }
  }
}

/** Whatever becomes of the process, its bytes go with it. */
async function openNameless(path: string): Promise<FileHandle> {
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

const noRoom = ({ takenBytes, freeBytes }: DiskRoom): StoreError =>
  new StoreError(
    243,
    `Code: 243. DB::Exception: ${takenBytes} bytes of answers wait on the disk for their readers, and ${freeBytes} are free. (NOT_ENOUGH_SPACE)`,
    'same',
  );

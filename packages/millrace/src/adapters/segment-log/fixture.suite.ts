import { copyFileSync, mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Disk, type DiskFile, isMissing, type SyncFile } from '../../ports/disk.ts';
import type { Log } from '../../ports/log.ts';
import type { DedupIndex } from '../dedup-index/dedup-index.ts';
import { openDedupIndex } from '../dedup-index/tiered-dedup-index.ts';

import { nodeDisk } from '../node-disk.ts';
import { openSegmentLog, type SegmentLogOptions } from './segment-log.ts';

export type TestLogOptions = Partial<SegmentLogOptions> & {
  /** False: the log has no dedup index. */
  readonly dedups?: boolean;
  readonly windowMs?: number;
  readonly dedupMemoryBytesMax?: number;
  /** Default 0: what is in a run leaves memory. */
  readonly residentIdsMin?: number;
};

/** A folder for one log, with a clock that stands still and a disk that fails on demand. */
export class TestLog {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  readonly clock = { ms: 1_766_500_000_000, now: (): number => this.clock.ms };
  readonly disk = new FailingDisk();
  readonly #options: TestLogOptions;
  readonly #opened: { log: Log; dedup: DedupIndex | undefined }[] = [];

  constructor(options: TestLogOptions = {}) {
    this.#options = options;
  }

  async open(options: TestLogOptions = {}): Promise<Log> {
    const all = { ...this.#options, ...options };
    const {
      dedups = true,
      windowMs = 86_400_000,
      dedupMemoryBytesMax = 2 ** 26,
      residentIdsMin = 0,
      ...rest
    } = all;
    const dedup = dedups
      ? openDedupIndex({
          windowMs,
          memoryBytesMax: dedupMemoryBytesMax,
          residentIdsMin,
          spillFolder: `${this.folder}.spill`,
          hashKey: Buffer.alloc(16, 7),
        })
      : undefined;
    const log = await openSegmentLog({
      folder: this.folder,
      clock: this.clock,
      disk: this.disk,
      ...rest,
      ...(dedup === undefined ? {} : { dedup }),
    });
    this.#opened.push({ log, dedup });
    return log;
  }

  /** What a kill at this moment would leave. */
  crashed(options: TestLogOptions = this.#options): TestLog {
    const copy = testLog(options);
    for (const name of readdirSync(this.folder)) {
      try {
        copyFileSync(join(this.folder, name), join(copy.folder, name));
      } catch (error) {
        // What was deleted or renamed meanwhile is not there after a kill, either.
        if (!isMissing(error)) throw error;
      }
    }
    copy.clock.ms = this.clock.ms;
    return copy;
  }

  /** Names of its files with an ending, in order. */
  names(ending: string): string[] {
    return readdirSync(this.folder)
      .filter((name) => name.endsWith(ending))
      .sort();
  }

  /** May be called early, when there are many. */
  async remove(): Promise<void> {
    for (const { log, dedup } of this.#opened.splice(0)) {
      await log.close();
      dedup?.close();
    }
    await rm(this.folder, { recursive: true, force: true });
    await rm(`${this.folder}.spill`, { recursive: true, force: true });
  }
}

/** A test log that goes when the test ends. */
export function testLog(options: TestLogOptions = {}): TestLog {
  const created = new TestLog(options);
  onTestFinished(() => created.remove());
  return created;
}

export interface Operation {
  readonly name: keyof Disk | keyof DiskFile;
  /** File name without its folder. */
  readonly file: string;
  readonly bytes: number;
}

/** The local disk, but for the operations that `fails` chooses; a write that fails lands half. */
export class FailingDisk implements Disk {
  fails: (operation: Operation) => boolean = () => false;
  /** Overrides what the disk says of itself. */
  free: number | undefined;
  readonly done: Operation[] = [];
  /** How many operations have begun and not ended. */
  underWay = 0;
  /** A file that is open keeps its handle when it is renamed. */
  readonly #renamed = new Map<string, string>();
  /** Awaited before each operation. */
  before: (operation: Operation) => Promise<void> = async () => {};
  /** Called once a file is deleted; may throw though it is. */
  after: (operation: Operation) => void = () => {};

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    this.#renamed.delete(path);
    const file = await this.#pass('open', path, () => nodeDisk.open(path, mode));
    const pass = <Result>(
      name: keyof DiskFile,
      work: () => Promise<Result>,
      bytes = 0,
    ): Promise<Result> => this.#pass(name, path, work, bytes);
    return {
      read: (into, position) => pass('read', () => file.read(into, position), into.length),
      async write(bytes, position) {
        let fails = true;
        const whole = async (): Promise<void> => {
          fails = false;
          await file.write(bytes, position);
        };
        try {
          await pass('write', whole, bytes.length);
        } catch (error) {
          if (fails) await file.write(bytes.subarray(0, bytes.length / 2), position);
          throw error;
        }
      },
      sync: () => pass('sync', file.sync),
      truncate: (bytes) => pass('truncate', () => file.truncate(bytes)),
      size: () => pass('size', file.size),
      close: () => file.close(),
    };
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#pass('rename', to, () => nodeDisk.rename(from, to));
    this.#renamed.set(from, to);
  }

  async unlink(path: string): Promise<void> {
    await this.#pass('unlink', path, () => nodeDisk.unlink(path));
    this.after({ name: 'unlink', file: basename(path), bytes: 0 });
  }

  async list(folder: string): Promise<string[]> {
    return this.#pass('list', folder, () => nodeDisk.list(folder));
  }

  makeFolder = nodeDisk.makeFolder;

  openScratch = nodeDisk.openScratch;

  openSync(path: string): SyncFile {
    this.#passNow('openSync', path);
    const file = nodeDisk.openSync(path);
    return {
      path,
      read: (into, bytes, position) => {
        this.#passNow('read', path, bytes);
        return file.read(into, bytes, position);
      },
      close: () => file.close(),
    };
  }

  async syncFolder(folder: string): Promise<void> {
    await this.#pass('syncFolder', folder, () => nodeDisk.syncFolder(folder));
  }

  async freeBytes(folder: string): Promise<number> {
    return this.#pass('freeBytes', folder, async () => this.free ?? nodeDisk.freeBytes(folder));
  }

  async #pass<Result>(
    name: Operation['name'],
    path: string,
    work: () => Promise<Result>,
    bytes = 0,
  ): Promise<Result> {
    const operation = this.#operation(name, path, bytes);
    this.underWay += 1;
    try {
      await this.before(operation);
      this.#do(operation);
      return await work();
    } finally {
      this.underWay -= 1;
    }
  }

  #passNow(name: Operation['name'], path: string, bytes = 0): void {
    this.#do(this.#operation(name, path, bytes));
  }

  #operation(name: Operation['name'], path: string, bytes: number): Operation {
    return { name, file: basename(this.#renamed.get(path) ?? path), bytes };
  }

  #do(operation: Operation): void {
    this.done.push(operation);
    if (this.fails(operation)) throw new Error(`EIO: ${operation.name} of ${operation.file}`);
  }
}

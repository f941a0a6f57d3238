import { readFileIfThere, replaceFile } from '../adapters/atomic-file.ts';
import type { Disk } from '../ports/disk.ts';

/**
 * A count that no table or log can tell, kept over restarts. It is saved about
 * once a second: after a crash it may lack the last moment.
 */
export class LifetimeCount {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #before: number;
  readonly #sinceStart: () => number;
  #saved: number;

  private constructor(disk: Disk, path: string, before: number, sinceStart: () => number) {
    this.#disk = disk;
    this.#path = path;
    this.#before = before;
    this.#saved = before;
    this.#sinceStart = sinceStart;
  }

  static async open(disk: Disk, path: string, sinceStart: () => number): Promise<LifetimeCount> {
    const kept = Number(await readFileIfThere(disk, path));
    return new LifetimeCount(disk, path, Number.isSafeInteger(kept) ? kept : 0, sinceStart);
  }

  get value(): number {
    return this.#before + this.#sinceStart();
  }

  async save(): Promise<void> {
    const { value } = this;
    if (value === this.#saved) return;
    await replaceFile(this.#disk, this.#path, `${value}\n`);
    this.#saved = value;
  }
}

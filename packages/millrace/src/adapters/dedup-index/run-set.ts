import type { ScratchFolder } from '../../ports/disk.ts';
import { type RunFile, RunWriter, type SliceSpan } from './run-file.ts';

/** How the names of runs end. */
export const RUN_ENDING = '.run';

/** The runs on disk, newest first, because most duplicates follow soon. */
export class RunSet {
  readonly #folder: ScratchFolder;
  readonly #filterBytesMax: number;
  #runs: RunFile[] = [];
  /** Those of them that are asked: a question to a filter is most often a miss of the processor's cache. */
  #asked: readonly RunFile[] = [];
  readonly #resting = new Set<RunFile>();
  #created = 0;

  constructor(folder: ScratchFolder, filterBytesMax: number) {
    this.#folder = folder;
    this.#filterBytesMax = filterBytesMax;
  }

  get ids(): number {
    return this.#runs.reduce((sum, run) => sum + run.ids, 0);
  }

  get fileBytes(): number {
    return this.#runs.reduce((sum, run) => sum + run.fileBytes, 0);
  }

  get memoryBytes(): number {
    return this.#runs.reduce((sum, run) => sum + run.memoryBytes, 0);
  }

  create(slices: SliceSpan, sizeMax: number): RunWriter {
    this.#created++;
    return new RunWriter(this.#folder, `${this.#created}${RUN_ENDING}`, slices, sizeMax);
  }

  includes(run: RunFile): boolean {
    return this.#runs.includes(run);
  }

  /** Adds a run, in place of others. It rests if they all do. */
  add(run: RunFile, inPlaceOf: readonly RunFile[] = []): void {
    const rests = inPlaceOf.length > 0 && inPlaceOf.every((other) => this.#resting.has(other));
    const others = this.#without(inPlaceOf);
    const older = this.#runs.findIndex((other) => other.slices.newest <= run.slices.newest);
    this.#runs.splice(older < 0 ? this.#runs.length : older, 0, run);
    if (rests) this.#resting.add(run);
    this.#chooseAsked();
    for (const oldest of this.#runs.toReversed()) {
      if (this.memoryBytes <= this.#filterBytesMax) break;
      oldest.dropFilter();
    }
    for (const other of others) other.close();
  }

  /** Closes those of the runs that are here. */
  drop(runs: readonly RunFile[]): void {
    for (const run of this.#without(runs)) run.close();
  }

  /** It is not asked until `wake`: its ids are known without it. */
  rest(run: RunFile): void {
    this.#resting.add(run);
    this.#chooseAsked();
  }

  wake(run: RunFile): void {
    this.#resting.delete(run);
    this.#chooseAsked();
  }

  has(hashes: DataView, offset: number): boolean {
    for (const run of this.#asked) if (run.has(hashes, offset)) return true;
    return false;
  }

  /** Forgets a hash that was new in this slice, and so is in no run but those of it. Reads nothing. */
  forget(hashes: DataView, offset: number, slice: number): void {
    for (const run of this.#runs) {
      if (run.slices.oldest <= slice && slice <= run.slices.newest) run.forget(hashes, offset);
    }
  }

  /** Drops the runs all of whose slices are older. */
  removeBefore(slice: number): void {
    this.drop(this.#runs.filter((run) => run.slices.newest < slice));
  }

  /** Takes out those of the runs that are here, and returns them. */
  #without(runs: readonly RunFile[]): readonly RunFile[] {
    const here = this.#runs.filter((run) => runs.includes(run));
    this.#runs = this.#runs.filter((run) => !runs.includes(run));
    for (const run of here) this.#resting.delete(run);
    this.#chooseAsked();
    return here;
  }

  #chooseAsked(): void {
    this.#asked = this.#runs.filter((run) => !this.#resting.has(run));
  }
}

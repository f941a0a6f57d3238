/**
 * Counts the partitions that the newest rows touch, as many rows as may meet in
 * one insert of the loader.
 */
export class InsertSpan {
  readonly #rowsMax: number;
  readonly #runs: { rows: number; partitions: ReadonlySet<number> }[] = [];
  #rows = 0;

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax;
  }

  /** How many it would be with these rows. */
  countWith(partitions: ReadonlySet<number>): number {
    const all = new Set(partitions);
    for (const run of this.#runs) for (const partition of run.partitions) all.add(partition);
    return all.size;
  }

  add(rows: number, partitions: ReadonlySet<number>): void {
    this.#runs.push({ rows, partitions });
    this.#rows += rows;
    for (let first = this.#runs[0]; first !== undefined; first = this.#runs[0]) {
      if (this.#rows - first.rows < this.#rowsMax) return;
      this.#runs.shift();
      this.#rows -= first.rows;
    }
  }

  /** All rows so far are stored. */
  clear(): void {
    this.#runs.length = 0;
    this.#rows = 0;
  }
}

import type { RunFile } from './run-file.ts';
import { PAGE_BYTES } from './run-index.ts';

const HASH_BYTES = 16;

/** Goes through the hashes of a run in their order, a page at a time. */
export class RunCursor {
  readonly page = new DataView(new ArrayBuffer(PAGE_BYTES));
  /** Where the current hash begins in the page. */
  offset = 0;
  readonly #run: RunFile;
  #bytes = 0;
  #nextPage = 0;

  constructor(run: RunFile) {
    this.#run = run;
  }

  /**
   * Whether there is a current hash; false behind the last.
   *
   * @throws MillraceError `log_full` if its page cannot be read.
   */
  hasHash(): boolean {
    if (this.offset === this.#bytes) {
      this.#bytes = this.#run.readPage(this.#nextPage, this.page);
      this.#nextPage++;
      this.offset = 0;
    }
    return this.#bytes > 0;
  }

  next(): void {
    this.offset += HASH_BYTES;
  }
}

import type { RefusalCode } from '../collect/refusals.ts';
import type { MappedRow } from './map-row.ts';
import type { ChunkReceipt } from './target.ts';

export interface ImportSummary {
  /** `known`: the file was imported before, as it is and with this mapping. */
  readonly outcome: 'finished' | 'interrupted' | 'known';
  /** Where this run began and ended, in rows taken. */
  readonly from: number;
  readonly to: number;
  /** Events of this run. */
  readonly added: number;
  /** Equal to an earlier row of the file, or there already. */
  readonly duplicates: number;
  readonly refused: number;
  /** By the mapping. */
  readonly leftOut: number;
  /** Why the first of the refused ones were. */
  readonly reasons: readonly RefusedRow[];
}

export interface RefusedRow {
  readonly row: number;
  readonly code: RefusalCode;
  readonly message: string;
}

const reasonsMax = 5;

/** What has become of the rows of one run. */
export class Tally {
  readonly #from: number;
  readonly #reasons: RefusedRow[] = [];
  #position: number;
  #added = 0;
  #duplicates = 0;
  #refused = 0;
  #leftOut = 0;

  constructor(from: number) {
    this.#from = from;
    this.#position = from;
  }

  /** Rows taken so far, in this run and before. */
  get position(): number {
    return this.#position;
  }

  add(rows: readonly MappedRow[], receipt: ChunkReceipt): void {
    const sent = rows.filter(({ event }) => typeof event !== 'string');
    const leftOut = rows.filter(({ event }) => event === 'left out').length;
    this.#position += rows.length;
    this.#leftOut += leftOut;
    this.#added += receipt.accepted - receipt.duplicates;
    this.#duplicates += receipt.duplicates + rows.length - sent.length - leftOut;
    this.#refused += receipt.rejected.length;
    for (const { index, code, message } of receipt.rejected) {
      if (this.#reasons.length === reasonsMax) return;
      this.#reasons.push({ row: sent[index]?.raw.number ?? 0, code, message });
    }
  }

  summary(outcome: ImportSummary['outcome']): ImportSummary {
    return {
      outcome,
      from: this.#from,
      to: this.#position,
      added: this.#added,
      duplicates: this.#duplicates,
      refused: this.#refused,
      leftOut: this.#leftOut,
      reasons: this.#reasons,
    };
  }
}

import type { Delivery } from './deliveries.ts';
import type { ShopEvent } from './shop-events.ts';

/** The collector's answer to one delivery. */
export interface Receipt {
  readonly accepted: number;
  readonly rejected: readonly { readonly index: number; readonly code: string }[];
}

export interface Totals {
  /** Requests that were answered with a receipt. */
  readonly answered: number;
  /** Events the collector said it has, repeats among them. */
  readonly acknowledged: number;
  /** Events it refused, repeats among them. */
  readonly refused: number;
  /** Acknowledged events that had been acknowledged before. */
  readonly repeated: number;
  /** Acknowledged events that were late, repeats left out. */
  readonly late: number;
}

/** What the collector acknowledged, and whether it refused exactly what it should have. */
export class Ledger {
  #totals: Totals = { answered: 0, acknowledged: 0, refused: 0, repeated: 0, late: 0 };
  readonly #onAcknowledged: (event: ShopEvent) => void;

  /** @param onAcknowledged is told of each event acknowledged, repeats included. */
  constructor(onAcknowledged: (event: ShopEvent) => void = () => {}) {
    this.#onAcknowledged = onAcknowledged;
  }

  get totals(): Totals {
    return this.#totals;
  }

  /** @returns a sentence for each event that was not answered as its maker meant. */
  record({ events, repeat }: Delivery, receipt: Receipt): readonly string[] {
    const codes = new Map(receipt.rejected.map(({ index, code }) => [index, code]));
    const acknowledged = events.filter((_, index) => !codes.has(index));
    for (const event of acknowledged) this.#onAcknowledged(event);
    const before = this.#totals;
    this.#totals = {
      answered: before.answered + 1,
      acknowledged: before.acknowledged + acknowledged.length,
      refused: before.refused + codes.size,
      repeated: before.repeated + (repeat ? acknowledged.length : 0),
      late: before.late + (repeat ? 0 : acknowledged.filter(({ late }) => late).length),
    };

    const surprises = events.flatMap(({ id, refusal }, index) => {
      const code = codes.get(index) ?? null;
      return code === refusal
        ? []
        : [`${id} was ${code ?? 'accepted'}, it should have been ${refusal ?? 'accepted'}`];
    });
    if (receipt.accepted !== acknowledged.length) {
      surprises.push(
        `${receipt.accepted} were said to be accepted of ${events.length} with ${codes.size} refused`,
      );
    }
    return surprises;
  }
}

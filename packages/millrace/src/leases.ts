/** Who reads what may be about to go. */
export class Leases {
  readonly #held = new Set<Promise<unknown>>();

  /** What the work reads stays until it has ended. */
  async hold<Result>(work: () => Promise<Result>): Promise<Result> {
    const holding = work();
    this.#held.add(holding);
    try {
      return await holding;
    } finally {
      this.#held.delete(holding);
    }
  }

  /** Resolves once all work that is under way now has ended. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#held);
  }
}

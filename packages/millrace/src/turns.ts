/** Runs pieces of work one after another, in the order they came. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    // Whoever took the turn hears of its failure; the next one runs regardless.
    this.#last = result.catch(() => {});
    return result;
  }
}

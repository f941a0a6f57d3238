/** What is waited for at present, in words, so that a wait in vain can be named. */
export class Waits {
  readonly #underWay = new Set<() => string>();

  async for<Result>(what: () => string, promise: Promise<Result>): Promise<Result> {
    this.#underWay.add(what);
    try {
      return await promise;
    } finally {
      this.#underWay.delete(what);
    }
  }

  toString(): string {
    return [...this.#underWay].map((what) => what()).join('; ');
  }
}

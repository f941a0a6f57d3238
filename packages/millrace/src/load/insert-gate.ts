import { Turns } from '../turns.ts';

/** Inserts pass, several at a time; now and then it is shut, once those that are through have ended. */
export class InsertGate {
  readonly #underWay = new Set<Promise<void>>();
  readonly #turns = new Turns();
  #shut: Promise<void> | null = null;

  async pass(insert: () => Promise<void>): Promise<void> {
    while (this.#shut !== null) await this.#shut;
    const inserting = insert();
    this.#underWay.add(inserting);
    try {
      await inserting;
    } finally {
      this.#underWay.delete(inserting);
    }
  }

  /** Does the work while no insert is under way. */
  shut<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#turns.take(() => {
      const working = Promise.allSettled(this.#underWay).then(work);
      const open = () => {
        this.#shut = null;
      };
      this.#shut = working.then(open, open);
      return working;
    });
  }
}

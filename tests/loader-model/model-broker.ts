import type { LoadProgress } from '../../packages/millrace/src/ports/progress.ts';

/** What Kafka keeps of one group and partition. */
export class ModelBroker {
  progress: LoadProgress = { committed: 0, intents: [] };
  /** Of the group; who commits under an older one is refused. */
  generation = 0;
  readonly #isFenced: boolean;

  constructor({ isFenced = true }: { readonly isFenced?: boolean } = {}) {
    this.#isFenced = isFenced;
  }

  /** @throws Error as Kafka does, ILLEGAL_GENERATION. */
  commit(progress: LoadProgress, generation: number): void {
    if (this.#isFenced && generation !== this.generation) throw new Error('ILLEGAL_GENERATION');
    this.progress = progress;
  }
}

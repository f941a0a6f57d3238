import { Turns } from '../../turns.ts';
import type { SharedPartitions } from './shared-partitions.ts';

/** Partitions that are shared with others, of topics that may become others: then the group is joined anew. */
export class RejoiningPartitions implements SharedPartitions {
  readonly #turns = new Turns();
  #joined: { readonly topics: readonly string[]; readonly partitions: SharedPartitions } | null =
    null;

  /** @throws what is in the way of joining: then none are its own. */
  share(topics: readonly string[], join: () => Promise<SharedPartitions>): Promise<void> {
    return this.#turns.take(async () => {
      if (JSON.stringify(this.#joined?.topics) === JSON.stringify(topics)) return;
      await this.#leave();
      this.#joined = { topics, partitions: await join() };
    });
  }

  get failing(): boolean {
    return this.#joined === null || this.#joined.partitions.failing;
  }

  partitionsOf(topic: string): readonly number[] {
    return this.#joined?.partitions.partitionsOf(topic) ?? [];
  }

  leave(): Promise<void> {
    return this.#turns.take(() => this.#leave());
  }

  async #leave(): Promise<void> {
    const left = this.#joined;
    this.#joined = null;
    await left?.partitions.leave();
  }
}

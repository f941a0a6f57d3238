interface Sample {
  readonly atMs: number;
  readonly count: number;
}

const samplesMax = 11;

/** How fast a growing count grew over the last samples: with one a second, ten seconds. */
export class Rate {
  readonly #samples: Sample[] = [];

  sample(count: number, atMs: number): void {
    this.#samples.push({ count, atMs });
    if (this.#samples.length > samplesMax) this.#samples.shift();
  }

  get perSecond(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.atMs <= first.atMs) return 0;
    return Math.round(((last.count - first.count) * 10_000) / (last.atMs - first.atMs)) / 10;
  }
}

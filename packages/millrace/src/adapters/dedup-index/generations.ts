/** Tags are bytes, and 0 marks an empty slot. */
const TAGS = 256;
/** Of ids that memory let go of one by one: no generation has it, so a sweep frees their slots. */
export const LET_GO = TAGS - 1;

/**
 * The ids in memory, by generation: those that were admitted in one time slice
 * and will leave memory together. A generation is known by its tag, which each
 * of its ids carries.
 *
 * A generation is *open* while ids join it, *sealed* while it waits to be
 * spilled (a slice may have several), and *retired* when memory remembers it no
 * more. Its ids may then still lie in their slots, which count as free, and its
 * tag is free again once a sweep has passed over all of them.
 */
export class Generations {
  /** 1 for each tag whose ids memory remembers. */
  readonly kept = new Uint8Array(TAGS);
  /** How many ids memory remembers. */
  ids = 0;
  readonly #slices = new Map<number, number>();
  readonly #sizes = new Float64Array(TAGS);
  readonly #openTags = new Map<number, number>();
  /** The answer of `openTag` for the slice asked about last, which is nearly always the next one, too. */
  #lastSlice = Number.NaN;
  #lastOpenTag: number | undefined;
  readonly #free = Array.from({ length: LET_GO - 1 }, (_, index) => LET_GO - 1 - index);
  #retired: number[] = [];
  #sweeping: number[] = [];

  /** The tag of the open generation of a slice. */
  openTag(slice: number): number | undefined {
    if (slice !== this.#lastSlice) {
      this.#lastSlice = slice;
      this.#lastOpenTag = this.#openTags.get(slice);
    }
    return this.#lastOpenTag;
  }

  /** Opens a generation, if a tag is free for it. */
  open(slice: number): number | undefined {
    const tag = this.#free.pop();
    if (tag === undefined) return undefined;
    this.kept[tag] = 1;
    this.#slices.set(tag, slice);
    this.#openTags.set(slice, tag);
    this.#lastSlice = Number.NaN;
    return tag;
  }

  /** No id joins the generation any more. */
  seal(tag: number): void {
    const slice = this.slice(tag);
    if (this.#openTags.get(slice) === tag) this.#openTags.delete(slice);
    this.#lastSlice = Number.NaN;
  }

  retire(tag: number): void {
    if (this.kept[tag] !== 1) return;
    this.seal(tag);
    this.kept[tag] = 0;
    this.#slices.delete(tag);
    this.#retired.push(tag);
    this.ids -= this.size(tag);
    this.#sizes[tag] = 0;
  }

  retireBefore(slice: number): void {
    for (const [tag, its] of this.#slices) if (its < slice) this.retire(tag);
  }

  /** Frees the tags of generations all of whose ids were forgotten. */
  retireEmpty(): void {
    for (const tag of this.#slices.keys()) if (this.size(tag) === 0) this.retire(tag);
  }

  slice(tag: number): number {
    return this.#slices.get(tag) ?? Number.NEGATIVE_INFINITY;
  }

  size(tag: number): number {
    return this.#sizes[tag] ?? 0;
  }

  /** An id has joined (1) or left (−1). */
  count(tag: number, change: 1 | -1): void {
    this.#sizes[tag] = this.size(tag) + change;
    this.ids += change;
  }

  /**
   * The tags of what to spill next: the oldest generations within so many slices
   * that have at least `idsMin` ids together, else those that have the most, so
   * that a handful of old ids does not become a run of its own.
   */
  nextToSpill(idsMin: number, slicesMax: number): number[] {
    // Sorting is stable: of one slice the generation opened first comes first.
    const byAge = [...this.#slices].sort(([, a], [, b]) => a - b);
    let most: number[] = [];
    let idsMost = 0;
    for (const [start, [, oldest]] of byAge.entries()) {
      const tags: number[] = [];
      let ids = 0;
      for (const [tag, slice] of byAge.slice(start)) {
        if (ids >= idsMin || slice - oldest >= slicesMax) break;
        tags.push(tag);
        ids += this.size(tag);
      }
      if (ids >= idsMin) return tags;
      if (ids > idsMost) {
        most = tags;
        idsMost = ids;
      }
    }
    return most;
  }

  get awaitSweep(): boolean {
    return this.#retired.length > 0;
  }

  sweepBegins(): void {
    this.#sweeping.push(...this.#retired);
    this.#retired = [];
  }

  /** Every slot has been visited since `sweepBegins`. */
  sweepEnds(): void {
    this.#free.push(...this.#sweeping);
    this.#sweeping = [];
  }
}

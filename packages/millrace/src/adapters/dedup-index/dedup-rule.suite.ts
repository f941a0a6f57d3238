/** The rule itself: an id and when it was admitted. */
export class DedupRule {
  readonly admitted = new Map<string, number>();
  readonly windowMs: number;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  /** Returns how to undo it. */
  admit(key: string, at: number): () => void {
    const before = this.admitted.get(key);
    this.admitted.set(key, at);
    return () => {
      if (before === undefined) this.admitted.delete(key);
      else this.admitted.set(key, before);
    };
  }

  /** What an index may answer: 1 for new. */
  allowed(key: string, at: number): readonly number[] {
    const before = this.admitted.get(key);
    if (before === undefined || at - before > 3 * this.windowMs) return [1];
    return at - before <= this.windowMs ? [0] : [0, 1];
  }
}

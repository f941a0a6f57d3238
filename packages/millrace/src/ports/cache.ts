/**
 * Texts that are kept for a while, by key. One that is away, slow or full is an
 * empty one: no call rejects, and none takes long.
 */
export interface Cache {
  /** Null if there is none. */
  get(key: string): Promise<string | null>;
  /** What is too large is not kept. */
  set(key: string, text: string, keepMs: number): Promise<void>;
  close(): Promise<void>;
}

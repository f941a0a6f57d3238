/**
 * Objects by name, as S3 keeps them: each is there whole or not at all, and
 * never changes. Names are paths with `/` between their parts.
 */
export interface ObjectStore {
  /**
   * Writes an object, unless one of that name is there: of several writers at
   * once one wins. Durable when it resolves.
   *
   * @returns whether this one was written.
   * @throws MillraceError `archive_unavailable`: it may be there all the same; `archive_full`.
   */
  create(name: string, bytes: Uint8Array): Promise<boolean>;
  /** Null if there is none. @throws MillraceError `archive_unavailable`. */
  read(name: string): Promise<Uint8Array | null>;
  /**
   * Names that begin so, in the order of their bytes.
   *
   * @param prefix ends with `/`.
   * @throws MillraceError `archive_unavailable`.
   */
  list(prefix: string): Promise<readonly string[]>;
  /** Of no effect if there is none. @throws MillraceError `archive_unavailable`. */
  remove(name: string): Promise<void>;
}

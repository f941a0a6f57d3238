/** Reads the files that an `ArchiveEncoder` made. */
export interface ArchiveDecoder {
  /**
   * The events of files as lines that are inserted as the canonical ones were, in
   * the order of the log.
   *
   * @throws StoreError
   */
  decode(files: readonly Uint8Array[]): Promise<DecodedLines>;
}

export interface DecodedLines {
  /** Newline-terminated JSON, without the places. */
  readonly lines: Uint8Array;
  /** The offset of each line, ascending. */
  readonly offsets: readonly number[];
  /** When each was appended to the log (epoch ms). */
  readonly appendedAt: readonly number[];
}

/** Makes one of the files that an `ArchiveEncoder` made of a day and a type. */
export interface ArchiveRewriter {
  /**
   * The events of all files in one, but for those with these offsets.
   *
   * @returns null if no event is left.
   * @throws StoreError
   */
  rewrite(files: readonly Uint8Array[], without: readonly number[]): Promise<RewrittenFile | null>;
}

export interface RewrittenFile {
  readonly rows: number;
  /** Apache Parquet. */
  readonly bytes: Uint8Array;
}

/** Makes files of events that other tools read. */
export interface ArchiveEncoder {
  /**
   * Events by the day they happened (UTC) and by type, a file for each. The same
   * events give files with the same rows.
   *
   * @param lines newline-terminated canonical JSON, `_partition` and `_offset` among its members.
   * @throws StoreError
   */
  encode(lines: Uint8Array): Promise<readonly ArchiveFile[]>;
}

export interface ArchiveFile {
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly type: string;
  readonly rows: number;
  /** Apache Parquet. */
  readonly bytes: Uint8Array;
}

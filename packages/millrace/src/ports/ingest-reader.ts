/** A record that somebody else wrote. */
export interface IngestRecord {
  readonly offset: number;
  /** Whatever it is; null for none. */
  readonly value: Uint8Array | null;
}

/** One partition of a topic that others write. */
export interface IngestReader {
  /** Committed records from `from` on; none if there are none yet. The next ones are to be read from `to` on. */
  records(
    from: number,
  ): Promise<{ readonly records: readonly IngestRecord[]; readonly to: number }>;
  /** Resolves once there is more behind the offset, or when the signal aborts. */
  waitPast(offset: number, signal: AbortSignal): Promise<void>;
}

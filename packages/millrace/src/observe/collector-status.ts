/** What `/v1/status` of a collector answers. Counts are since it was started. */
export interface CollectorStatus {
  readonly pipeline: string;
  readonly version: string;
  readonly started_at: string;
  /** Events answered with success, repeats among them. */
  readonly accepted: number;
  /** Events that became dead letters. */
  readonly refused: number;
  /** Null where nothing is kept while Kafka is away. */
  readonly spill: SpillStatus | null;
}

export interface SpillStatus {
  /** Since when Kafka is away; null while it is there. */
  readonly since: string | null;
  /** On the disk, and not in Kafka yet as far as is known. */
  readonly events: number;
  readonly dead_letters: number;
  /** Of the disk; what was sent is not deleted at once. */
  readonly bytes: number;
  readonly bytes_max: number;
}

/** An offset of each partition of a log, by the partition's number. */
export type Offsets = readonly number[];

/** What a consumer group does with a log. */
export interface GroupReading {
  readonly group: string;
  readonly log: string;
}

/** How far logs and their readers are, as the logs' own server tells. */
export interface LogOffsets {
  /** One past the newest durable record, those of transactions that are still open among them. */
  ends(log: string): Promise<Offsets>;
  /** Everything before these is done with; what lies behind may be. */
  committed(reading: GroupReading): Promise<Offsets>;
  close(): Promise<void>;
}

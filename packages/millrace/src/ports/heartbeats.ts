/**
 * The first character of the key of a record that is no event, and whose value
 * is a heartbeat: no event's id holds NUL. Readers pass over it.
 */
export const heartbeatKey = '\0';

/** Records in logs that are no events. */
export interface Heartbeats {
  /**
   * Resolves once each of these partitions has the heartbeat. One that is written
   * again, or late, does no harm: what it says stays true.
   *
   * @param line of JSON, without its newline.
   */
  write(log: string, partitions: readonly number[], line: string): Promise<void>;
  /**
   * Of each partition one of the newest that is in it surely; null where there was
   * none yet.
   */
  newest(log: string): Promise<readonly (string | null)[]>;
  close(): Promise<void>;
}

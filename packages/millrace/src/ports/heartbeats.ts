/**
 * The first character of the key of a record that is no event, and whose value
 * is a heartbeat: no event's id holds NUL. Readers pass over it.
 */
export const heartbeatKey = '\0';

/** Writes records that are no events into logs. */
export interface Heartbeats {
  /**
   * Resolves once each of these partitions has the heartbeat. One that is written
   * again, or late, does no harm: what it says stays true.
   *
   * @param line of JSON, without its newline.
   */
  write(log: string, partitions: readonly number[], line: string): Promise<void>;
  close(): Promise<void>;
}

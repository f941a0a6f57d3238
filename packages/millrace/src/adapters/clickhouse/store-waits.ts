/** How long a server is waited for. What is given up may have been done. */
export interface StoreWaits {
  /** A statement of which nothing is heard, and that has no limit of its own. */
  readonly silenceMsMax: number;
  /**
   * An insert of which nothing is heard once its rows are sent, which its loader
   * repeats under the same token. Longer than a quorum may take.
   */
  readonly insertSilenceMsMax: number;
  /** How much longer than its `max_execution_time` a question is waited for. */
  readonly overtimeMsMax: number;
  /** The next piece of an answer, of which the server has the whole when it begins to come. */
  readonly pieceMsMax: number;
  /** While a statement waits the server is asked for a sign of life so often … */
  readonly askEveryMs: number;
  /** … and what had begun before is given up if none comes within this. */
  readonly signMsMax: number;
}

export const defaultWaits: StoreWaits = {
  silenceMsMax: 300_000,
  insertSilenceMsMax: 75_000,
  overtimeMsMax: 10_000,
  pieceMsMax: 30_000,
  askEveryMs: 5_000,
  signMsMax: 15_000,
};

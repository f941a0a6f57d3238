/**
 * The places where a crash is hardest to survive. Each is announced as it is
 * passed, so that the fault tests can kill the process exactly there.
 */
export type CrashPoint =
  /** Records are durable in the log; nobody has been told yet. */
  | 'log-appended'
  /** An old segment's records are gone, what belongs to them is not yet. */
  | 'log-trimming'
  /** The loader's intent is durable; nothing is inserted yet. */
  | 'load-intended'
  /** An insert has been handed to the store. */
  | 'load-inserting'
  /** The store has the rows; the offset is not committed yet. */
  | 'load-inserted'
  /** It is durable which windows are written next; nothing of them is in the store yet. */
  | 'window-intended'
  /** The store has their results; that they are out is not durable yet. */
  | 'window-inserted';

export type ReachCrashPoint = (point: CrashPoint) => void;

export const survive: ReachCrashPoint = () => {};

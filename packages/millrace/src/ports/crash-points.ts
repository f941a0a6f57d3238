/**
 * The places where a crash is hardest to survive. Each is announced as it is
 * passed, so that the fault tests can kill the process exactly there.
 */
export type CrashPoint =
  /** Records are durable in the log; nobody has been told yet. */
  | 'log-appended'
  /** Records and how far their import is are in topics; nobody can read them yet. */
  | 'import-written'
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
  | 'window-inserted'
  /** A new rollup's table and its view are made; that they are whole is not durable yet. */
  | 'rollup-created'
  /** It is durable which events a rollup is filled with next; none of them is in it yet. */
  | 'rollup-intended'
  /** The rollup has them; that it does is not durable yet. */
  | 'rollup-inserted'
  /** A rollup has everything; readers do not know yet. */
  | 'rollup-filled'
  /** Readers see it; that they do is not durable yet. */
  | 'rollup-shown'
  /** That is durable; the table they read before is still there. */
  | 'rollup-switched'
  /** Nothing is brought into that table any more; it is still there. */
  | 'rollup-cut-off'
  /** It is durable which offsets are replayed next; none of them is in the new version yet. */
  | 'replay-intended'
  /** The new version has them; that it does is not durable yet. */
  | 'replay-inserted'
  /** It has the buckets that are not replayed; that it does is not durable yet. */
  | 'replay-copied'
  /** A window's new version gets what comes; that it does is not durable yet. */
  | 'window-replay-created'
  /** It is durable which of its old results are written next; none of them is there yet. */
  | 'window-replay-intended'
  /** They are there; that they are is not durable yet. */
  | 'window-replay-inserted'
  /** Readers see it; that they do is not durable yet. */
  | 'window-replay-shown'
  /** That is durable; the version before is still written to. */
  | 'window-replay-switched'
  /** It is durable that a folder is restored; nothing of it is there yet. */
  | 'restore-begun'
  /** It is durable which range is archived next; no object of it is written yet. */
  | 'archive-begun'
  /** An object of a range is durable, perhaps not all. */
  | 'archive-written'
  /** All are, and that they are. */
  | 'archive-noted'
  /** It is durable which objects of the archive are replaced next; no object of these is written yet. */
  | 'replacement-begun'
  /** An object that replaces others is durable, perhaps not all. */
  | 'replacement-written'
  /** Readers see them; those they replace are still there. */
  | 'replacement-noted'
  /** These are gone. */
  | 'replacement-cleaned'
  /** It is durable who is to be forgotten; nothing of them is removed yet. */
  | 'forget-ordered'
  /** It is durable what there is of them, and readers of the log do not get it any more; all of it is still stored. */
  | 'forget-found'
  /** Their events are gone from the store; rows under their ids are still there. */
  | 'forget-events-removed'
  /** Such rows are gone as well; that they are is not durable yet. */
  | 'forget-rows-removed'
  /** A range of the archive has nothing of them any more; that it has not is not durable yet. */
  | 'forget-archive-rewritten'
  /** Nothing of them is left; the order still names them. */
  | 'forget-done'
  /** Records of another's topic are in the raw log; that they are is not committed yet. */
  | 'gate-let-in';

export type ReachCrashPoint = (point: CrashPoint) => void;

export const survive: ReachCrashPoint = () => {};

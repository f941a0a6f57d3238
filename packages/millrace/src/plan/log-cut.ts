/** Events below this offset of the log; of a log of several partitions, below the offset of theirs. */
export type LogCut = number | readonly number[];

import { ArchivedLog } from '../archive/archived-log.ts';
import type { ArchivedObject } from '../archive/archived-range.ts';
import { MillraceError } from '../errors.ts';
import { joinedLog, logUpTo } from '../load/joined-log.ts';
import type { ArchiveDecoder } from '../ports/archive-decoder.ts';
import type { LogReader } from '../ports/log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { RollupReplay } from '../ports/rollup-progress.ts';

export interface ReplayHistoryOptions {
  readonly log: LogReader;
  /** Null where there is none. */
  readonly objects: ObjectStore | null;
  readonly decoder: ArchiveDecoder;
  readonly partition: number;
  /** Leaves out of a log what was forgotten. */
  readonly forgetful: (log: LogReader) => LogReader;
}

/** What is asked for of a history: from where, and of which buckets. */
export type ReplayedPart = Pick<RollupReplay, 'from' | 'sinceMs' | 'untilMs'>;

export interface ReplayHistory {
  /** The log, without what was forgotten. */
  readonly log: LogReader;
  /**
   * Where the history begins; 0 if it has everything.
   *
   * @throws MillraceError `history_incomplete`, `archive_unavailable`.
   */
  readonly start: (part: ReplayedPart) => Promise<number>;
  /**
   * The history as it was when the log ended at an offset.
   *
   * @throws MillraceError `log_corrupt` if it does not go as far any more.
   */
  readonly upToCut: (at: { readonly cut: number }, part: ReplayedPart) => Promise<LogReader>;
  /**
   * All that the archive has, and the log behind it.
   *
   * @throws MillraceError `history_incomplete` without an archive, or if it has nothing yet.
   */
  readonly withArchive: () => Promise<LogReader>;
}

/**
 * What a replay reads: the log, or the archive as far as it reaches and the log
 * from there on. The log has whatever the archive lacks, because it forgets
 * nothing else.
 */
export function replayHistory({
  log: whole,
  objects,
  decoder,
  partition,
  forgetful,
}: ReplayHistoryOptions): ReplayHistory {
  const log = forgetful(whole);
  /** Null if it has nothing yet. */
  const archived = async (
    wanted: (object: ArchivedObject) => boolean = () => true,
  ): Promise<ArchivedLog | null> => {
    if (objects === null) {
      throw new MillraceError(
        'history_incomplete',
        'This pipeline runs without an archive: start it with --archive.',
      );
    }
    return ArchivedLog.open({ objects, decoder, partition, wanted });
  };
  const behind = (old: ArchivedLog): LogReader => forgetful(joinedLog(old, whole, () => old.end));
  const from = async (part: ReplayedPart): Promise<LogReader> => {
    if (part.from === 'log') return log;
    const old = await archived((object) => isWanted(object, part));
    return old === null ? log : behind(old);
  };
  return {
    log,
    async withArchive() {
      const old = await archived();
      if (old !== null) return behind(old);
      throw new MillraceError('history_incomplete', 'The archive has nothing yet.');
    },
    async upToCut({ cut }, part) {
      const all = await from(part);
      if (all.end >= cut) return logUpTo(all, cut);
      throw new MillraceError(
        'log_corrupt',
        `The log of partition ${partition} ends at ${all.end}, before offset ${cut} which the store already has.`,
      );
    },
    async start(part) {
      if (part.from === 'events') return 0;
      const old = part.from === 'log' ? null : await archived();
      if (old === null) {
        if (log.start === 0) return 0;
        const nothing = part.from === 'log' ? '' : ', and the archive has nothing yet';
        throw new MillraceError(
          'history_incomplete',
          `The log begins at offset ${log.start}: it has forgotten what came before${nothing}.`,
        );
      }
      const { start, end, missing } = old;
      if (start === 0 && missing === 0 && end >= log.start) return 0;
      throw new MillraceError(
        'history_incomplete',
        `The archive has offsets ${start} to ${end}${missing > 0 ? `, and lacks ${missing} of them` : ''}; the log begins at ${log.start}.`,
      );
    },
  };
}

/** Whether events of its day may be in the buckets that are replayed. */
const isWanted = ({ date }: ArchivedObject, { sinceMs, untilMs }: ReplayedPart): boolean => {
  const dayBeginMs = Date.parse(date);
  const dayEndMs = dayBeginMs + 86_400_000;
  return (sinceMs === null || dayEndMs > sinceMs) && (untilMs === null || dayBeginMs < untilMs);
};

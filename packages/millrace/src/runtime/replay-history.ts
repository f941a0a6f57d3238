import { ArchivedLog } from '../archive/archived-log.ts';
import type { ArchivedObject } from '../archive/archived-range.ts';
import { MillraceError } from '../errors.ts';
import { joinedLog, logUpTo } from '../load/joined-log.ts';
import type { ArchiveDecoder } from '../ports/archive-decoder.ts';
import type { LogReader } from '../ports/log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { RollupReplay } from '../ports/rollup-progress.ts';
import type { ReadAgainOptions } from '../rollups/read-again.ts';
import type { ReplaysOptions } from '../rollups/replays.ts';

export interface ReplayHistoryOptions {
  readonly log: LogReader;
  /** Null where there is none. */
  readonly objects: ObjectStore | null;
  readonly decoder: ArchiveDecoder;
  readonly partition: number;
  /** Leaves out of a log what was forgotten. */
  readonly forgetful: (log: LogReader) => LogReader;
}

export interface ReplayHistory {
  /** The log, without what was forgotten. */
  readonly log: LogReader;
  readonly start: ReplaysOptions['historyStart'];
  readonly upToCut: ReadAgainOptions['history'];
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
  const archived = async (
    wanted: (object: ArchivedObject) => boolean = () => true,
  ): Promise<ArchivedLog> => {
    if (objects === null) {
      throw new MillraceError(
        'history_incomplete',
        'This pipeline runs without an archive: start it with --archive.',
      );
    }
    const opened = await ArchivedLog.open({ objects, decoder, partition, wanted });
    if (opened !== null) return opened;
    throw new MillraceError('history_incomplete', 'The archive has nothing yet.');
  };
  const behind = (old: ArchivedLog): LogReader => forgetful(joinedLog(old, whole, () => old.end));
  const from = async (replay: RollupReplay): Promise<LogReader> =>
    replay.from === 'log' ? log : behind(await archived((object) => isWanted(object, replay)));
  return {
    log,
    withArchive: async () => behind(await archived()),
    upToCut: async ({ cut }, replay) => logUpTo(await from(replay), cut),
    async start(replay) {
      if (replay.from === 'events') return 0;
      if (replay.from === 'log') {
        if (log.start === 0) return 0;
        throw new MillraceError(
          'history_incomplete',
          `The log begins at offset ${log.start}: it has forgotten what came before.`,
        );
      }
      const { start, end, missing } = await archived();
      if (start === 0 && missing === 0 && end >= log.start) return 0;
      throw new MillraceError(
        'history_incomplete',
        `The archive has offsets ${start} to ${end}${missing > 0 ? `, and lacks ${missing} of them` : ''}; the log begins at ${log.start}.`,
      );
    },
  };
}

/** Whether events of its day may be in the buckets that are replayed. */
const isWanted = ({ date }: ArchivedObject, { sinceMs, untilMs }: RollupReplay): boolean => {
  const dayBeginMs = Date.parse(date);
  const dayEndMs = dayBeginMs + 86_400_000;
  return (sinceMs === null || dayEndMs > sinceMs) && (untilMs === null || dayBeginMs < untilMs);
};

import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../errors.ts';
import type { LogReader } from '../ports/log.ts';

export interface RoomOptions {
  readonly log: LogReader;
  /** What empties the log: how far it is, and when it gets further. */
  readonly reader: {
    readonly committed: number;
    settled(offset: number): Promise<void>;
  };
  /** Records ahead of the reader from which on senders wait. */
  readonly recordsMax: number;
  /** How long they wait before they are told to come again. */
  readonly waitMsMax: number;
}

/**
 * Holds senders back while the reader is too far behind, so that a slow store is
 * felt as slow answers, which senders adapt to, and only then as refusals.
 */
export function roomAhead({
  log,
  reader,
  recordsMax,
  waitMsMax,
}: RoomOptions): () => Promise<void> {
  return async () => {
    const excess = log.end - reader.committed - recordsMax;
    if (excess < 0) return;
    const tired = new AbortController();
    const inTime = await Promise.race([
      reader.settled(log.end - recordsMax).then(() => true),
      sleep(waitMsMax, false, { signal: tired.signal }),
    ]);
    tired.abort();
    if (inTime) return;
    throw new MillraceError(
      'overloaded',
      `${log.end - reader.committed} accepted events wait for the store; more are taken once there are fewer.`,
    );
  };
}

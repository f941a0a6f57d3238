import { MillraceError } from '../errors.ts';
import type { Log, LogWriter } from '../ports/log.ts';

/**
 * A log that takes no more than so many records ahead of its reader, so that a
 * slow or failing store is felt by senders before the disk is full.
 */
export function boundedLog(log: Log, readTo: () => number, recordsMax: number): LogWriter {
  return {
    marks: () => log.marks(),
    async append(records, options) {
      const waiting = log.end - readTo();
      if (waiting + records.length > recordsMax) {
        throw new MillraceError(
          'overloaded',
          `${waiting} accepted events wait for the store; more are taken once there are fewer.`,
        );
      }
      return log.append(records, options);
    },
  };
}

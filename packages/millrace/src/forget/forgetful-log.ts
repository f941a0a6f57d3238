import type { LogReader } from '../ports/log.ts';
import type { OffsetSet } from './offset-set.ts';

/** A log whose readers do not get what was forgotten: the offsets are skipped, as those of a segment that was given up. */
export const forgetfulLog = (log: LogReader, forgotten: () => OffsetSet): LogReader => ({
  get start() {
    return log.start;
  },
  get end() {
    return log.end;
  },
  async read(from, limits) {
    const offsets = forgotten();
    let next = offsets.firstWithout(from);
    for (;;) {
      if (next > from && next >= log.end) {
        const { end } = log;
        return { from: end, to: end, lines: new Uint8Array(), appendedAt: 0 };
      }
      const rowsMax = Math.min(limits.rowsMax, offsets.firstWithin(next) - next);
      const slice = await log.read(next, { ...limits, rowsMax });
      if (slice.to <= offsets.firstWithin(slice.from)) return slice;
      // The log skipped some itself.
      next = offsets.firstWithout(slice.from);
    }
  },
  waitPast: (offset, signal) => log.waitPast(offset, signal),
});

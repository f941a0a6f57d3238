import type { LogReader } from '../ports/log.ts';

/** One log that is kept in two places: what lies before an offset is read from the one, what follows from the other. */
export const joinedLog = (old: LogReader, recent: LogReader, at: () => number): LogReader => ({
  get start() {
    return old.start;
  },
  get end() {
    return Math.max(old.end, recent.end);
  },
  read: (from, limits) => (from < at() ? old : recent).read(from, limits),
  waitPast: (offset, signal) =>
    offset < old.end ? Promise.resolve() : recent.waitPast(offset, signal),
});

/** A log as it was when it ended at an offset. */
export const logUpTo = (log: LogReader, end: number): LogReader => ({
  get start() {
    return log.start;
  },
  end,
  async read(from, limits) {
    const slice = await log.read(from, limits);
    if (slice.to <= end) return slice;
    if (slice.from < end) return log.read(slice.from, { ...limits, rowsMax: end - slice.from });
    return { from: end, to: end, lines: new Uint8Array(), appendedAt: 0 };
  },
  waitPast(offset, signal) {
    if (offset < end || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  },
});

const hourMs = 3_600_000;

/**
 * The first hour, counted from the epoch, of which nothing has gone, where what
 * happened before a time (epoch ms) may have. The engine may remove an hour's
 * first rows while its last ones are still kept.
 */
export const firstWholeHour = (goneBeforeMs: number): number =>
  Math.ceil(goneBeforeMs / hourMs) + 1;

/** ISO 8601 in UTC; null for the beginning of time. */
export const hourText = (hour: number): string | null =>
  Number.isFinite(hour) ? new Date(hour * hourMs).toISOString() : null;

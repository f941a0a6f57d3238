/** What a pipeline gets where it says nothing. */
export const defaults = {
  dedupWindowMs: 24 * 3_600_000,
  allowedLatenessMs: 10_000,
  futureMaxMs: 24 * 3_600_000,
  partsPerInsertMax: 100,
  sessionMaxMs: 24 * 3_600_000,
  deadLettersKeepMs: 90 * 86_400_000,
} as const;

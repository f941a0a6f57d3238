import type { Clock } from '../ports/clock.ts';
import type { VerifyProgress, VerifyReport } from './report.ts';
import { type VerifyEventsOptions, verifyEvents } from './verify-events.ts';

export interface VerifyOptions
  extends Omit<VerifyEventsOptions, 'cut' | 'keptFromHour' | 'onProgress' | 'signal'> {
  readonly clock: Clock;
  /** How long events are kept; null for ever. */
  readonly keepMs: number | null;
  /** One past the newest record that is stored. */
  readonly committed: () => number;
  /** Resolves once every dead letter that there is can be asked for. */
  readonly lettersStored: () => Promise<void>;
}

/** Compares the log with what is stored, up to what is stored now. */
export type Verify = (
  onProgress: (progress: VerifyProgress) => void,
  signal: AbortSignal,
) => Promise<VerifyReport>;

export const createVerify =
  ({ clock, keepMs, committed, lettersStored, ...options }: VerifyOptions): Verify =>
  async (onProgress, signal) => {
    const startedAt = performance.now();
    const cut = committed();
    await lettersStored();
    // The engine may remove an hour's first events while its last ones are still kept.
    const keptFromHour = (): number =>
      keepMs === null ? Number.NEGATIVE_INFINITY : Math.ceil((clock.now() - keepMs) / hourMs) + 1;
    const found = await verifyEvents({ ...options, cut, keptFromHour, onProgress, signal });
    const kept = keptFromHour();
    return {
      equal: found.differing === 0,
      log: {
        from: found.from,
        to: cut,
        events: found.events,
        refused: found.refused,
        missing: found.missing,
      },
      hours: found.hours,
      kept_since: Number.isFinite(kept) ? new Date(kept * hourMs).toISOString() : null,
      differences: found.differences,
      differing: found.differing,
      elapsed_ms: Math.round(performance.now() - startedAt),
    };
  };

const hourMs = 3_600_000;

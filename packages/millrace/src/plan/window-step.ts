import type { Span } from './plan.ts';

/**
 * The least time between two writings of a window's results: fixed ones end at
 * its multiples, sessions wait for the next. The longer their gap, the less a
 * wait matters, and the more it costs to look.
 */
export const windowStepMs = (span: Span): number =>
  span.kind === 'fixed'
    ? span.everyMs
    : Math.min(60_000, Math.max(1_000, Math.floor(span.gapMs / 30_000) * 1_000));

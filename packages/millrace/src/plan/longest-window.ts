import type { Span } from './plan.ts';

/** How long (ms) before its end a window begins at most. */
export const longestWindowMs = (span: Span): number =>
  span.kind === 'fixed' ? span.sizeMs : span.maxMs;

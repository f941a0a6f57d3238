import { createLimiter, type Limiter } from '../limiter.ts';

/** Questions that wait for the store; one more is told to come again. */
const waitingMax = 256;
/** With the 30 s that the question itself may take, less than the minute after which proxies hang up. */
const waitMsMax = 20_000;

export interface QuestionLineOptions {
  /** How many the store is asked at once. */
  readonly atOnceMax: number;
  /** Aborts when the process ends: then who waits is told so. */
  readonly closing: AbortSignal;
}

/** Where questions that need the store wait for it. */
export const questionLine = ({ atOnceMax, closing }: QuestionLineOptions): Limiter =>
  createLimiter({ atOnceMax, closing, waitingMax, waitMsMax });

export {
  avg,
  count,
  max,
  min,
  quantiles,
  sum,
  uniq,
} from '../define/measure.ts';
export { MillraceError } from '../errors.ts';
export {
  type AskingOptions,
  type Client,
  type ClientOptions,
  createClient,
  type TypedAnswer,
} from './client.ts';
export type { FunnelRow, TypedFunnel, TypedStep } from './typed-funnel.ts';
export type { LiveRow, TypedLive } from './typed-live.ts';
export type { QuestionRow, TypedQuestion } from './typed-question.ts';
export type { RetentionRow, TypedRetention } from './typed-retention.ts';
export type { SessionsRow, TypedSessions } from './typed-sessions.ts';

/** What one question may cost. A reader's own settings can only lower these. */
export interface SqlLimits {
  readonly executionTimeMaxS: number;
  readonly memoryMaxBytes: number;
  /** Of one answer that the engine has in memory as a whole, before it is written in its format. */
  readonly resultMaxBytes: number;
  /** Of one answer, as it is sent. */
  readonly answerMaxBytes: number;
  /** How long a reader may take none of its answer before the rest is dropped. */
  readonly answerIdleMaxMs: number;
  /** How long a reader may take over all of its answer before the rest is dropped. */
  readonly answerTakeMaxMs: number;
  /** Of the disk, for sorts and groups that do not fit in memory. */
  readonly temporaryMaxBytes: number;
  readonly threadsMax: number;
  /** The request's body, unpacked. */
  readonly bodyMaxBytes: number;
  /** Questions whose readers do not have the whole answer yet; one more is told to come again. */
  readonly questionsMax: number;
}

export const defaultSqlLimits: SqlLimits = {
  executionTimeMaxS: 30,
  memoryMaxBytes: 1024 ** 3,
  resultMaxBytes: 256 * 1024 ** 2,
  answerMaxBytes: 64 * 1024 ** 3,
  answerIdleMaxMs: 60_000,
  answerTakeMaxMs: 3_600_000,
  temporaryMaxBytes: 4 * 1024 ** 3,
  threadsMax: 2,
  bodyMaxBytes: 1024 ** 2,
  questionsMax: 32,
};

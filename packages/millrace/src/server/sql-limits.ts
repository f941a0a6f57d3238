/** What one question may cost. A reader's own settings can only lower these. */
export interface SqlLimits {
  readonly executionTimeMaxS: number;
  readonly memoryMaxBytes: number;
  /** Of one answer, before it is written in its format. */
  readonly resultMaxBytes: number;
  /** Answers are held in memory until they are sent: of all of them at once. */
  readonly answersMaxBytes: number;
  /** How long a reader may take none of its answer before the rest is dropped. */
  readonly answerIdleMaxMs: number;
  /** Of the disk, for sorts and groups that do not fit in memory. */
  readonly temporaryMaxBytes: number;
  readonly threadsMax: number;
  /** The request's body, unpacked. */
  readonly bodyMaxBytes: number;
  /** Questions that are answered or wait for it; one more is told to come again. */
  readonly questionsMax: number;
}

export const defaultSqlLimits: SqlLimits = {
  executionTimeMaxS: 30,
  memoryMaxBytes: 1024 ** 3,
  resultMaxBytes: 256 * 1024 ** 2,
  answersMaxBytes: 1024 ** 3,
  answerIdleMaxMs: 60_000,
  temporaryMaxBytes: 4 * 1024 ** 3,
  threadsMax: 2,
  bodyMaxBytes: 1024 ** 2,
  questionsMax: 32,
};

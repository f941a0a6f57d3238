/** What one question may cost. A reader's own settings can only lower these. */
export interface SqlLimits {
  readonly executionTimeMaxS: number;
  readonly memoryMaxBytes: number;
  /** The answer is held in memory until it is sent. */
  readonly resultMaxBytes: number;
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
  temporaryMaxBytes: 4 * 1024 ** 3,
  threadsMax: 2,
  bodyMaxBytes: 1024 ** 2,
  questionsMax: 32,
};

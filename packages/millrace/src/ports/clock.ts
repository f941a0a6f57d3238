/** Wall time, in one place so that tests and both runtimes can be given the same one. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

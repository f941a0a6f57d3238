import { MillraceError } from '../../packages/millrace/src/errors.ts';

/** What the simulation made fail on purpose. */
export class Fault extends Error {
  override readonly name = 'Fault';
  /** As a system names it. */
  readonly code: string;

  constructor(code: string, what: string) {
    super(`${code}: ${what}`);
    this.code = code;
  }
}

/** What may be said of a full disk, or of one that seems so, whatever made it so. */
const expectedCodes: readonly unknown[] = [
  'log_full',
  'log_overloaded',
  'overloaded',
  'shutting_down',
];

/** Whether the error, or what caused it, is one that a user may meet with such a disk and store. */
export function isExpected(error: unknown): boolean {
  if (error instanceof Fault) return true;
  if (error instanceof MillraceError) return expectedCodes.includes(error.code);
  return error instanceof Error && isExpected(error.cause);
}

/** What became of a call to the disk or the store. */
export type Fate =
  | 'done'
  /** Refused, after any part of it was done. */
  | 'fails'
  /** Any part of it is done, and then nobody is there any more to hear of it. */
  | 'crashes';

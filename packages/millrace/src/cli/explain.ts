import { MillraceError } from '../errors.ts';

/** An error as a person at a terminal wants to read it: what, where, and what to do. */
export function explain(error: unknown): string {
  if (error instanceof MillraceError) {
    return `millrace: ${error.message}\n  ${error.mend} (${error.code})`;
  }
  return `millrace: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

import { MillraceError } from './errors.ts';

/** What goes wrong and is tried again, as it is told to who operates it; with its code, where it has one. */
export function problemText(problem: unknown): string {
  if (problem instanceof MillraceError) return `${problem.message} (${problem.code})`;
  return problem instanceof Error ? problem.message : String(problem);
}

import { problemText } from '../problem-text.ts';

/** Says on standard error what goes wrong and is tried again. */
export const tellProblem = (what: string, error: unknown): void => {
  process.stderr.write(`millrace: ${what}: ${problemText(error)}\n`);
};

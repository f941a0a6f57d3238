/** Says on standard error what goes wrong and is tried again. */
export const tellProblem = (what: string, error: unknown): void => {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`millrace: ${what}: ${reason}\n`);
};

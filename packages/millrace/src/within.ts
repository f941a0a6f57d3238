/**
 * What the work comes to, if it does so in time. It is not stopped after that,
 * only not waited for.
 *
 * @throws Error of what `late` says; what the work throws.
 */
export const within = <Result>(
  durationMs: number,
  work: Promise<Result>,
  late: string,
): Promise<Result> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(late)), durationMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });

/** Stands in for `node:timers/promises`: how long is waited decides nothing here. */
export const setTimeout = async (
  _delayMs: number,
  value: undefined,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<undefined> => {
  signal?.throwIfAborted();
  return value;
};

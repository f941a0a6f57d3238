import type { LoadIntent } from '../../ports/progress.ts';

/**
 * The intents beside a committed offset: nothing, or `[from, to, …]` each. Brokers
 * allow 4096 bytes for all (`offset.metadata.max.bytes`).
 */
export const metadataOf = (intents: readonly LoadIntent[]): string =>
  intents.length === 0
    ? ''
    : JSON.stringify(
        intents.map(({ from, to, deadline }) =>
          deadline === undefined
            ? [from, to]
            : [from, to, deadline.atMs, deadline.sinceParts, Number(deadline.onlyMissing)],
        ),
      );

/** What carries no deadline is long past it. */
export function intentsIn(metadata: string | null | undefined): readonly LoadIntent[] {
  if (!metadata) return [];
  const intents: readonly (readonly [number, number, number?, number?, number?])[] =
    JSON.parse(metadata);
  return intents.map(([from, to, atMs = 0, sinceParts = 0, onlyMissing = 0]) => ({
    from,
    to,
    deadline: { atMs, sinceParts, onlyMissing: onlyMissing === 1 },
  }));
}

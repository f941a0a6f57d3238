import { firstBucket } from '../compile/clickhouse/rollup-versions.ts';
import type { Store } from '../ports/store.ts';
import type { Place } from '../rollups/rollup-tables.ts';

/**
 * That a rollup is being filled, how far it is, and what answers meanwhile: the
 * version that has everything, if there is one. If that has numbers from before
 * `goneMs`, of events that are gone by now, they will go with it.
 */
export async function fillNews(
  { rollup, events, eventsDone }: Place,
  ready: Place | undefined,
  options: { readonly store: Store; readonly database: string; readonly goneMs: number },
): Promise<string> {
  const meanwhile = ready
    ? `version ${ready.rollup.version} answers until then`
    : 'until then it answers from the events';
  const lost =
    ready && (await beginsBefore(ready, options))
      ? `; with that go its numbers from before ${timeText(options.goneMs)}, whose events are kept no more`
      : '';
  return `rollup ${rollup.name} v${rollup.version} is being filled: ${eventsDone} of ${events} events; ${meanwhile}${lost}`;
}

async function beginsBefore(
  { rollup }: Place,
  { store, database, goneMs }: Parameters<typeof fillNews>[2],
): Promise<boolean> {
  if (goneMs === Number.NEGATIVE_INFINITY) return false;
  const { bytes } = await store.read(firstBucket(rollup, { database }), { format: 'TSV' });
  const [states = 0, firstMs = 0] = Buffer.from(bytes).toString().split('\t').map(Number);
  return states > 0 && firstMs < goneMs;
}

/** That it answers from now on, and since when it has everything. */
export function switchNews({ rollup, eventsDone, completeSinceMs }: Place): string {
  const since =
    completeSinceMs === null
      ? ''
      : `; it has what happened since ${timeText(completeSinceMs)}, as long as events are kept`;
  return `rollup ${rollup.name} v${rollup.version} is filled from ${eventsDone} events and answers from now on${since}`;
}

const timeText = (ms: number): string => new Date(ms).toISOString();

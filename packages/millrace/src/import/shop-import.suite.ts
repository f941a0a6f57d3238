import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDedupIndex } from '../adapters/dedup-index/tiered-dedup-index.ts';
import { openSegmentLog } from '../adapters/segment-log/segment-log.ts';
import { createCollector } from '../collect/collector.ts';
import { event } from '../define/event.ts';
import { definePipeline } from '../define/pipeline.ts';
import { decimal, string } from '../define/property.ts';
import { planOf } from '../plan/plan-of.ts';
import type { Log, LogWriter } from '../ports/log.ts';
import { checkedDefinition } from './checked-definition.ts';
import type { SeenIds } from './chunks.ts';
import { defineImport } from './define-import.ts';
import { localTarget } from './local-target.ts';
import type { ImportTarget } from './target.ts';

export const pipeline = definePipeline({
  name: 'shop',
  events: { sale: event({ product: string(), price: decimal(18, 2) }), visit: event({}) },
});
export const plan = planOf(pipeline);

/** Reads the columns at, type, product, price. A sale without a price is left out. */
export const mapping = (id: 'row' | 'content' = 'row') =>
  checkedDefinition(
    defineImport<typeof pipeline>({
      id,
      zone: 'Europe/London',
      event: (row) => {
        const timestamp = row.time('at');
        if (row.text('type') === 'visit') return { type: 'visit', timestamp };
        const price = row.optional.decimal('price');
        if (price === null) return null;
        return { type: 'sale', timestamp, properties: { product: row.text('product'), price } };
      },
    }),
  );

export const now = Date.UTC(2026, 10, 23);

/** A log and a collector on real files, to be opened again and again. */
export interface Shop {
  readonly target: ImportTarget;
  readonly events: Log;
  readonly deadLetters: Log;
  close(): Promise<void>;
}

export async function openShop(folder: string, options: ShopOptions = {}): Promise<Shop> {
  const { append, at = now } = options;
  const clock = { now: () => at };
  for (const name of ['events', 'dead-letters', 'spilled']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const dedup = openDedupIndex({
    windowMs: plan.dedup.windowMs,
    memoryBytesMax: 1_000_000,
    spillFolder: join(folder, 'spilled'),
    hashKey: new Uint8Array(16),
  });
  const events = await openSegmentLog({ folder: join(folder, 'events'), clock, dedup });
  const deadLetters = await openSegmentLog({ folder: join(folder, 'dead-letters'), clock });
  const log: LogWriter = {
    marks: () => events.marks(),
    append: append?.(events) ?? ((records, options) => events.append(records, options)),
  };
  const collector = createCollector({ plan, log, deadLetters, clock });
  const loader = { committed: Number.MAX_SAFE_INTEGER, settled: async () => {} };
  return {
    target: localTarget({ collector, log: events, loader }),
    events,
    deadLetters,
    async close() {
      await events.close();
      await deadLetters.close();
      dedup.close();
    },
  };
}

export interface ShopOptions {
  /** What the clock says while it is open. */
  readonly at?: number;
  readonly append?: WrapAppend;
}

/** What stands between the collector and the log of events, for tests in which it breaks. */
export type WrapAppend = (log: Log) => LogWriter['append'];

export async function linesOf(log: Log): Promise<string[]> {
  const lines: string[] = [];
  for (let from = 0; from < log.end; ) {
    const slice = await log.read(from, { rowsMax: 1_000, bytesMax: 1_000_000 });
    lines.push(...Buffer.from(slice.lines).toString().trimEnd().split('\n'));
    from = slice.to;
  }
  return lines;
}

export function firstSeen(): SeenIds {
  const known = new Set<string>();
  return {
    admit: (ids) =>
      Uint8Array.from(ids, (id) => {
        if (known.has(id)) return 0;
        known.add(id);
        return 1;
      }),
  };
}

export async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-import-unit-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

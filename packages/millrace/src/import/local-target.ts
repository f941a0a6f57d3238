import type { Collector } from '../collect/collector.ts';
import { nativeBatch } from '../collect/native.ts';
import { MillraceError } from '../errors.ts';
import type { LogWriter } from '../ports/log.ts';
import { type ImportKey, importsOf, rowsOfFile, rowsTaken } from './ledger.ts';
import type { ChunkReceipt, ImportChunk, ImportTarget } from './target.ts';

export interface LocalTargetOptions {
  readonly collector: Collector;
  readonly log: LogWriter & { readonly end: number };
  readonly loader: {
    /** One past the newest record that can be queried. */
    readonly committed: number;
    settled(offset: number): Promise<void>;
  };
  /** How many records the store may be behind before rows have to wait. */
  readonly backlogRowsMax?: number;
  /** How long they wait before they are told to come again. */
  readonly waitMsMax?: number;
}

/** Imports into a log that this process writes. */
export function localTarget(options: LocalTargetOptions): ImportTarget {
  const { collector, log, loader, backlogRowsMax = 500_000, waitMsMax = 20_000 } = options;
  /** The last append of each import: they go one after another. */
  const busy = new Map<string, Promise<unknown>>();

  const waitFor = async (offset: number): Promise<void> => {
    if (loader.committed >= offset) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new MillraceError('overloaded', 'The store is far behind the log.')),
        waitMsMax,
      );
    });
    try {
      await Promise.race([loader.settled(offset), late]);
    } finally {
      clearTimeout(timer);
    }
  };

  const inTurn = async <Result>(key: ImportKey, work: () => Promise<Result>): Promise<Result> => {
    const producer = rowsTaken(key);
    const result = (busy.get(producer) ?? Promise.resolve()).then(work, work);
    busy.set(producer, result);
    try {
      return await result;
    } finally {
      if (busy.get(producer) === result) busy.delete(producer);
    }
  };

  const positionOf = (key: ImportKey): number => log.marks().get(rowsTaken(key)) ?? 0;

  const append = async (chunk: ImportChunk): Promise<ChunkReceipt> => {
    const { key, from, to, events } = chunk;
    const position = positionOf(key);
    if (position >= to) return { accepted: 0, duplicates: 0, rejected: [] };
    if (position !== from) throw conflict(position, from);
    await waitFor(log.end - backlogRowsMax);
    const batch = nativeBatch({
      items: events,
      around: null,
      plainStrings: false,
      raw: (index) => Buffer.from(chunk.raw(index)),
    });
    return collector.collectMarked(
      { ...batch, protocol: 'import', arrival: 'timestamp' },
      { producer: rowsTaken(key), position: to },
    );
  };

  return {
    imports: async (file) => importsOf(file, log.marks()),
    append: (chunk) => inTurn(chunk.key, () => append(chunk)),
    finish: (key, rows) =>
      inTurn(key, async () => {
        const position = positionOf(key);
        if (position !== rows) throw conflict(position, rows);
        await log.append([], { mark: { producer: rowsOfFile(key), position: rows } });
      }),
    settle: () => waitFor(log.end),
  };
}

const conflict = (position: number, from: number): MillraceError =>
  new MillraceError(
    'import_conflict',
    `The import is at row ${position}, these rows begin at ${from}.`,
  );

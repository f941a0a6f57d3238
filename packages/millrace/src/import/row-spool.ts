import { appendFile, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { RawRow } from './raw-row.ts';
import { ndjsonRow } from './source/ndjson.ts';

/** Rows put aside on disk by key, to be taken back key by key. */
export interface RowSpool {
  add(key: number, row: RawRow): Promise<void>;
  /** All rows: keys ascending, within one key as they were added. */
  rows(): AsyncIterable<readonly RawRow[]>;
  /** Deletes what is on disk. */
  close(): Promise<void>;
}

/** @param memoryBytesMax what may wait in memory before it is written. */
export function openRowSpool(folder: string, memoryBytesMax: number = 32 * 1024 * 1024): RowSpool {
  const piles = new Map<number, Pile>();
  let waitingBytes = 0;

  const flush = async (): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const pile of piles.values()) {
      const rows = pile.waiting.splice(0);
      for (let from = 0; from < rows.length; from += blockRows) {
        await appendFile(join(folder, pile.file), block(rows.slice(from, from + blockRows)));
      }
    }
    waitingBytes = 0;
  };

  return {
    async add(key, row) {
      let pile = piles.get(key);
      if (pile === undefined) {
        pile = { file: String(piles.size), waiting: [] };
        piles.set(key, pile);
      }
      pile.waiting.push(row);
      waitingBytes += row.bytes;
      if (waitingBytes > memoryBytesMax) await flush();
    },
    async *rows() {
      await flush();
      const keys = [...piles.keys()].sort((a, b) => a - b);
      for (const key of keys) {
        const pile = piles.get(key);
        if (pile === undefined) continue;
        const path = join(folder, pile.file);
        yield* readBlocks(path);
        await rm(path);
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

interface Pile {
  readonly file: string;
  readonly waiting: RawRow[];
}

const blockRows = 1_000;

/** A row of NDJSON is kept as its line: its numbers may be more than a copy would keep. */
type Packed = RawRow | { readonly number: number; readonly line: NonNullable<RawRow['line']> };

/** Its length in four bytes, then the rows. */
function block(rows: readonly RawRow[]): Buffer {
  const packed: Packed[] = rows.map((row) =>
    row.line === undefined ? row : { number: row.number, line: row.line },
  );
  const bytes = serialize(packed);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

async function* readBlocks(path: string): AsyncGenerator<readonly RawRow[]> {
  const file = await open(path);
  try {
    for (;;) {
      const head = await file.read(Buffer.alloc(4), 0, 4);
      if (head.bytesRead === 0) return;
      const { buffer } = await file.read(Buffer.alloc(head.buffer.readUInt32LE()));
      const packed: readonly Packed[] = deserialize(buffer);
      yield packed.map((row) =>
        'cells' in row ? row : ndjsonRow(row.line.text, row.number, row.line.number),
      );
    }
  } finally {
    await file.close();
  }
}

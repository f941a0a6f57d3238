import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DecodedLines } from '../../ports/archive-decoder.ts';
import { stringLiteral } from '../clickhouse/sql-text.ts';
import type { Engine } from './engine.ts';

const epochMs = (name: string): string => `toUnixTimestamp64Milli(${name})`;

/** A member of a line, behind the first. */
const member = (name: string, json: string): string => `',"${name}":', ${json}`;
const ifThere = (name: string, json: string): string =>
  `if(isNull(${name}), '', concat(${member(name, json)}))`;

const line = `concat(${[
  `'{"event_id":', toJSONString(event_id)`,
  member('type', 'toJSONString(type)'),
  ...['timestamp', 'received_at', 'appended_at'].map((name) =>
    member(name, `toString(${epochMs(name)})`),
  ),
  member('late', `if(late, 'true', 'false')`),
  ...['user_id', 'anonymous_id', 'session_id'].map((name) =>
    ifThere(name, `toJSONString(assumeNotNull(${name}))`),
  ),
  // They are the text that they were in the log.
  ...['properties', 'context'].map((name) => ifThere(name, `assumeNotNull(${name})`)),
  `'}'`,
].join(', ')})`;

const bytesPerPlace = 16;

/** @throws StoreError */
export async function parquetLines(
  engine: Engine,
  files: readonly Uint8Array[],
): Promise<DecodedLines> {
  if (files.length === 0) return { lines: new Uint8Array(), offsets: [], appendedAt: [] };
  const folder = await mkdtemp(join(tmpdir(), 'millrace-parquet-'));
  try {
    for (const [n, bytes] of files.entries()) {
      await writeFile(join(folder, `${n}.parquet`), bytes, { mode: 0o600 });
    }
    const from = `file(${stringLiteral(join(folder, '*.parquet'))}, 'Parquet')`;
    const inOrder = 'ORDER BY _offset, event_id';
    const [lines, places] = await Promise.all([
      engine.read(`SELECT ${line} FROM ${from} ${inOrder}`, {
        database: 'default',
        format: 'TSVRaw',
      }),
      engine.read(
        `SELECT toUInt64(_offset), ${epochMs('appended_at')}::Int64 FROM ${from} ${inOrder}`,
        { database: 'default', format: 'RowBinary' },
      ),
    ]);
    const placeBytes = Buffer.from(places.bytes);
    const numbersAt = (first: number): readonly number[] =>
      Array.from({ length: placeBytes.length / bytesPerPlace }, (_, n) =>
        Number(placeBytes.readBigInt64LE(n * bytesPerPlace + first)),
      );
    return { lines: lines.bytes, offsets: numbersAt(0), appendedAt: numbersAt(8) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { expect } from 'vitest';
import type { ObjectStore } from '../ports/object-store.ts';
import { Manifest } from './manifest.ts';

/** The canonical lines that the ranges of a partition hold, in the order of the log, read as another tool reads Parquet. */
export async function archivedLines(
  objects: ObjectStore,
  partition: number,
): Promise<readonly string[]> {
  const ranges = await new Manifest(objects).ranges(partition);
  const all: { readonly offset: number; readonly line: string }[] = [];
  for (const { name, rows: count } of ranges.flatMap((range) => range.objects)) {
    const bytes = await objects.read(name);
    // Another has taken its place meanwhile, or nobody ever will.
    if (bytes === null) throw new Error(`${name} is gone.`);
    const file = new Uint8Array(bytes).buffer;
    const found = await parquetReadObjects({ file, compressors });
    expect(found).toHaveLength(count);
    all.push(...found.map((row) => ({ offset: Number(row._offset), line: lineOf(row) })));
  }
  return all.toSorted((a, b) => a.offset - b.offset).map(({ line }) => line);
}

/** The canonical line that a row was made of. */
function lineOf(row: Readonly<Record<string, unknown>>): string {
  const member = (name: string, json: string): string => `"${name}":${json}`;
  const times = ['timestamp', 'received_at', 'appended_at'] as const;
  const ids = ['user_id', 'anonymous_id', 'session_id'] as const;
  const nested = ['properties', 'context'] as const;
  const members = [
    ...['event_id', 'type'].map((name) => member(name, JSON.stringify(row[name]))),
    ...times.map((name) => member(name, String(Number(row[name])))),
    member('late', String(row.late)),
    ...ids.flatMap((name) => (row[name] === null ? [] : member(name, JSON.stringify(row[name])))),
    ...nested.flatMap((name) => (row[name] === null ? [] : member(name, String(row[name])))),
  ];
  return `{${members.join(',')}}`;
}

import { exactJson, type Store } from '../ports/store.ts';

/** One statement at a time on one thread, so that those who insert and ask go on. */
const gently = {
  ...exactJson,
  // A dot in a name is written as it is for rows that are given.
  json_type_escape_dots_in_keys: 1,
  max_threads: 1,
  max_memory_usage: 1024 ** 3,
  // Groups beyond this go to disk.
  max_bytes_before_external_group_by: 256 * 1024 ** 2,
} as const;

/** The rows that a statement gives. */
export async function ask<Row>(
  sql: string,
  { store, signal }: { readonly store: Store; readonly signal: AbortSignal },
): Promise<readonly Row[]> {
  return rowsIn<Row>(await store.read(sql, { settings: gently, signal }));
}

export const rowsIn = <Row>({ bytes }: { readonly bytes: Uint8Array }): readonly Row[] =>
  Buffer.from(bytes)
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line): Row => JSON.parse(line));

import { resultRows } from '../ports/result-rows.ts';
import type { Store } from '../ports/store.ts';

/** What `GET /v1/storage` answers. In a cluster: of the server that was asked alone. */
export interface Storage {
  /** The largest first. Those without rows are left out. */
  readonly tables: readonly TableStorage[];
}

export interface TableStorage {
  readonly name: string;
  /** What it belongs to: `other` where no definition names it any more. */
  readonly of: 'events' | 'dead_letters' | 'rollup' | 'window' | 'other';
  /** The rollup or the window; null for what is of none. */
  readonly belongs_to: string | null;
  readonly rows: number;
  /** On disk, as it is compressed. */
  readonly bytes: number;
  /** Without compression. */
  readonly uncompressed_bytes: number;
  readonly parts: number;
}

/** What a pipeline defines that has tables of its own. */
export interface Defined {
  readonly rollups: readonly { readonly name: string }[];
  readonly windows: readonly { readonly name: string }[];
}

type Measured = Omit<TableStorage, 'of' | 'belongs_to'>;

/** What the tables of a pipeline take. */
export async function storageOf(defined: Defined, store: Store): Promise<Storage> {
  const measured = await store.read(
    `SELECT table AS name, sum(rows) AS rows, sum(bytes_on_disk) AS bytes,
       sum(data_uncompressed_bytes) AS uncompressed_bytes, count() AS parts
     FROM system.parts WHERE active AND database = currentDatabase()
     GROUP BY table ORDER BY bytes DESC, name`,
    { settings: { output_format_json_quote_64bit_integers: 0 } },
  );
  return {
    tables: resultRows<Measured>(measured).map((table) => ({
      ...table,
      ...ownerOf(table.name, defined),
    })),
  };
}

/** Two underscores end a name of the pipeline: `revenue__v2`, or `events__local` on a shard. */
export function ownerOf(
  table: string,
  { rollups, windows }: Defined,
): Pick<TableStorage, 'of' | 'belongs_to'> {
  const name = table.replace(/__.*$/, '');
  const isIt = (one: { readonly name: string }): boolean => one.name === name;
  if (name === 'events' || name === 'dead_letters') return { of: name, belongs_to: null };
  if (rollups.some(isIt)) return { of: 'rollup', belongs_to: name };
  if (windows.some(isIt)) return { of: 'window', belongs_to: name };
  return { of: 'other', belongs_to: null };
}

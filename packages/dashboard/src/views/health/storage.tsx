import { Table } from '../../parts/table.tsx';
import { type Total, Totals } from '../../parts/totals.tsx';
import { bytes, grouped } from '../../words/numbers.ts';
import type { Status, TableStorage } from './ask-health.ts';
import { healthWords } from './words.ts';

export function Storage({ tables }: { readonly tables: readonly TableStorage[] }) {
  const t = healthWords();
  return (
    <Table
      caption={t.storage}
      columns={[t.table, t.of, t.rows, t.bytes, t.uncompressed, t.parts]}
      rows={tables.map((table) => [
        table.name,
        t[table.of],
        grouped(table.rows),
        bytes(table.bytes),
        bytes(table.uncompressed_bytes),
        grouped(table.parts),
      ])}
      none={t.noTables}
    />
  );
}

export function Sizes({ status: { sizes, archive } }: { readonly status: Status }) {
  const t = healthWords();
  const all = [
    [t.logBytes, sizes.log_bytes, bytes],
    [t.storeBytes, sizes.store_bytes, bytes],
    [t.dedupIds, sizes.dedup_ids, grouped],
    [t.dedupMemory, sizes.dedup_memory_bytes, bytes],
    [t.archiveWaiting, archive?.waiting ?? null, grouped],
  ] as const;
  return (
    <section aria-labelledby="sizes-title">
      <h2 id="sizes-title">{t.sizes}</h2>
      <Totals
        totals={all.flatMap(([name, value, text]): readonly Total[] =>
          value === null ? [] : [[name, text(value)]],
        )}
      />
    </section>
  );
}

import type { ArchiveDecoder } from '../ports/archive-decoder.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { type ArchivedObject, objectName, type PartitionRange } from './archived-range.ts';
import { Manifest } from './manifest.ts';

const named = /^events\/date=([^/]+)\/type=([^/]+)\//;

/**
 * Ends a range that was begun and never finished, where its log is gone and nobody
 * can: those of its objects that are there are all that is left of it.
 *
 * @returns the range, if there is one.
 */
export async function endUnfinished(
  objects: ObjectStore,
  decoder: ArchiveDecoder,
  partition: number,
): Promise<PartitionRange | null> {
  const manifest = new Manifest(objects);
  const from = (await manifest.end(partition)) ?? 0;
  const range = await manifest.begun({ partition, from });
  if (range === null) return null;
  const found: ArchivedObject[] = [];
  for (const name of await objects.list('events/')) {
    const [, date = '', type = ''] = named.exec(name) ?? [];
    const object = { date, type: decodeURIComponent(type) };
    const bytes = name === objectName(object, range) ? await objects.read(name) : null;
    if (bytes === null) continue;
    const { offsets } = await decoder.decode([bytes]);
    found.push({ name, ...object, rows: offsets.length, bytes: bytes.length });
  }
  await manifest.note({ ...range, objects: found });
  return range;
}

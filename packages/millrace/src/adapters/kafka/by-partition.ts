import type { LogRecord } from '../../ports/log.ts';
import { partitionOf } from './murmur2.ts';

/** Records by the partition that their keys say, in their order. */
export function byPartition(
  records: readonly LogRecord[],
  partitions: number,
): ReadonlyMap<number, readonly LogRecord[]> {
  const groups = new Map<number, LogRecord[]>();
  for (const record of records) {
    const partition = partitionOf(record.key, partitions);
    const group = groups.get(partition);
    if (group === undefined) groups.set(partition, [record]);
    else group.push(record);
  }
  return groups;
}

import type { fetchV17, RecordsBatch } from '@platformatic/kafka';

type FetchedPartition = fetchV17.FetchResponsePartition;

/** An event or other row that a reader of committed transactions may see. */
export interface VisibleRecord {
  readonly offset: number;
  /** Millrace's own topics have none without. */
  readonly value: Buffer | null;
  /** Epoch ms. */
  readonly timestamp: number;
}

const transactional = 1 << 4;
const control = 1 << 5;
const abortMarker = 0;
/** The broker's time, in `maxTimestamp`, is that of every record of the batch. */
const timeOfBroker = 1 << 3;

/**
 * The records of one fetch that belong to no aborted transaction, as Kafka's
 * protocol defines them: a producer's records are aborted from the first offset
 * that is named for it to its next abort marker, wherever that lies, and one
 * fetch may hold several such stretches of one producer.
 * https://kafka.apache.org/documentation/#impl_txn (KIP-98)
 *
 * @param from offset; a batch may begin before what was asked for.
 * @param isPassedOver by its key.
 */
export function visibleRecords(
  { records: batches = [], abortedTransactions }: FetchedPartition,
  from: number,
  isPassedOver: (key: Buffer | null) => boolean,
): readonly VisibleRecord[] {
  const toCome = [...abortedTransactions].sort((a, b) => Number(a.firstOffset - b.firstOffset));
  const aborting = new Set<bigint>();
  const visible: VisibleRecord[] = [];
  for (const batch of batches) {
    const last = batch.firstOffset + BigInt(batch.lastOffsetDelta);
    for (let [next] = toCome; next && next.firstOffset <= last; [next] = toCome) {
      aborting.add(next.producerId);
      toCome.shift();
    }
    if (batch.attributes & control) {
      if (markerOf(batch) === abortMarker) aborting.delete(batch.producerId);
    } else if (!(batch.attributes & transactional && aborting.has(batch.producerId))) {
      for (const { offsetDelta, timestampDelta, key, value } of batch.records) {
        const offset = Number(batch.firstOffset) + offsetDelta;
        if (offset < from || isPassedOver(key)) continue;
        const given = batch.firstTimestamp + timestampDelta;
        const timestamp = Number(batch.attributes & timeOfBroker ? batch.maxTimestamp : given);
        visible.push({ offset, value, timestamp });
      }
    }
  }
  return visible;
}

/** A control record's key is its version and its type, each two bytes. */
const markerOf = ({ records: [record] }: RecordsBatch): number | undefined =>
  record?.key?.readInt16BE(2);

/** One past the last offset that a fetch brought, visible or not. */
export function endOf({ records = [] }: FetchedPartition, from: number): number {
  const last = records.at(-1);
  return last === undefined ? from : Number(last.firstOffset) + last.lastOffsetDelta + 1;
}

import { createRecordsBatch, NumericMap } from '@platformatic/kafka';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchRecords, recordBatch } from './record-batch.ts';

const topic = 'raw';
const partition = 1;
const timestamp = 1_795_920_957_330;
const origin = { producerId: 4_000_000_000_001n, producerEpoch: 3, sequence: 77 };

const text = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 300 }));

test('a batch has the bytes that the library would write, record by record', () => {
  const record = fc.record(
    { key: text, value: text, headers: fc.dictionary(text, text, { maxKeys: 3 }) },
    { requiredKeys: ['key', 'value'] },
  );
  const records = fc.array(record, { minLength: 1, maxLength: 300 });
  const compressions = fc.constantFrom('none' as const, 'lz4' as const, 'gzip' as const);
  fc.assert(
    fc.property(records, compressions, (all, compression) => {
      const { producerId, producerEpoch, sequence } = origin;
      const bytesOf = (each: string): Buffer => Buffer.from(each);
      const messages = all.map((one) => ({
        ...{ topic, partition, timestamp: BigInt(timestamp) },
        ...{ key: bytesOf(one.key), value: bytesOf(one.value) },
        headers: new Map(
          Object.entries(one.headers ?? {}).map((entry) => [bytesOf(entry[0]), bytesOf(entry[1])]),
        ),
      }));
      const byLibrary = createRecordsBatch(messages, {
        ...{ compression, producerId, producerEpoch, partitionLeaderEpoch: -1 },
        sequences: new NumericMap([[`${topic}:${partition}`, sequence]]),
      });
      const batch = recordBatch(batchRecords(all, compression), origin, timestamp);
      expect(batch.equals(byLibrary.buffer)).toBe(true);
    }),
  );
});

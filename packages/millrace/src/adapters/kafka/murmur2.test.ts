import { murmur2 as murmur2OfLibrary } from '@platformatic/kafka';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { murmur2, partitionOf } from './murmur2.ts';

test('the hash is that of the library', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (key) => {
      expect(murmur2(Buffer.from(key))).toBe(murmur2OfLibrary(key));
    }),
  );
});

// Source of the hashes: UtilsTest.testMurmur2 of Apache Kafka.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('%s has the hash that Kafka gives it', (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(hash);
  expect(partitionOf(key, 7)).toBe((hash & 0x7fffffff) % 7);
});

const seed = 0x9747b28c;
const m = 0x5bd1e995;
const r = 24;

/**
 * The hash by which Kafka's clients choose a record's partition: 32-bit
 * MurmurHash2 with Kafka's seed, as a signed integer.
 *
 * Source: `org.apache.kafka.common.utils.Utils.murmur2`, Apache Kafka.
 */
export function murmur2(bytes: Buffer): number {
  const { length } = bytes;
  const whole = length & ~3;
  let h = seed ^ length;
  for (let at = 0; at < whole; at += 4) {
    let k = Math.imul(bytes.readInt32LE(at), m);
    k = Math.imul(k ^ (k >>> r), m);
    h = Math.imul(h, m) ^ k;
  }
  if (length > whole) h = Math.imul(h ^ bytes.readUIntLE(whole, length - whole), m);
  h = Math.imul(h ^ (h >>> 13), m);
  return h ^ (h >>> 15);
}

/** The partition that Kafka's own producer chooses for a key. */
export const partitionOf = (key: string, partitions: number): number =>
  (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;

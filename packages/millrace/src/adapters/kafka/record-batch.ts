import {
  type CompressionAlgorithmValue,
  compressionsAlgorithms,
  crc32c,
} from '@platformatic/kafka';
import type { LogHeaders, LogRecord } from '../../ports/log.ts';

/** Who writes a batch, and as which of its records: by that a broker knows a repeat. */
export interface BatchOrigin {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Of the first record, among all that the producer ever sent into the partition. */
  readonly sequence: number;
  /** Whether they are seen only once a transaction of this producer is committed. */
  readonly isTransactional?: boolean;
}

/** Records as Kafka stores them, compressed, without the header before them. */
export interface BatchRecords {
  readonly bytes: Buffer;
  readonly count: number;
  readonly compression: CompressionAlgorithmValue;
}

const magic = 2;
const transactional = 1 << 4;
const headerBytes = 61;
const at = { length: 8, leaderEpoch: 12, magic: 16, crc: 17, attributes: 21 } as const;
/** What the length of a batch does not count: the offset before it, and itself. */
const uncountedBytes = 12;
const noLeaderEpoch = -1;

/**
 * A record batch of version 2, whose records all have one timestamp (epoch ms).
 * The same arguments give the same bytes, so that a repeat is one.
 *
 * Source: https://kafka.apache.org/documentation/#recordbatch
 */
export function recordBatch(
  { bytes, count, compression }: BatchRecords,
  { producerId, producerEpoch, sequence, isTransactional = false }: BatchOrigin,
  timestamp: number,
): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeInt32BE(headerBytes - uncountedBytes + bytes.length, at.length);
  header.writeInt32BE(noLeaderEpoch, at.leaderEpoch);
  header.writeInt8(magic, at.magic);
  const { bitmask } = compressionsAlgorithms[compression];
  const attributes = isTransactional ? bitmask | transactional : bitmask;
  let next = header.writeInt16BE(attributes, at.attributes);
  next = header.writeInt32BE(count - 1, next);
  next = header.writeBigInt64BE(BigInt(timestamp), next);
  next = header.writeBigInt64BE(BigInt(timestamp), next);
  next = header.writeBigInt64BE(producerId, next);
  next = header.writeInt16BE(producerEpoch, next);
  next = header.writeInt32BE(sequence, next);
  header.writeInt32BE(count, next);
  const batch = Buffer.concat([header, bytes]);
  batch.writeUInt32BE(crc32c(batch.subarray(at.attributes)), at.crc);
  return batch;
}

export function batchRecords(
  records: readonly LogRecord[],
  compression: CompressionAlgorithmValue,
): BatchRecords {
  const plain = encoded(records);
  const { compressSync } = compressionsAlgorithms[compression];
  return { bytes: compressSync(plain), count: records.length, compression };
}

/** Of a record, beside its key, value and headers: five numbers and the byte of its attributes. */
const frameBytesMax = 26;
/** The most that a UTF-16 unit takes in UTF-8. */
const bytesPerUnit = 3;

function encoded(records: readonly LogRecord[]): Buffer {
  const units = records.reduce(
    (sum, { key, value }) => sum + key.length + value.length + frameBytesMax,
    0,
  );
  const headersOf = encodedHeaders();
  let buffer = Buffer.allocUnsafe(units);
  let end = 0;
  for (const [delta, { key, value, headers }] of records.entries()) {
    const tail = headersOf(headers);
    const needed = (key.length + value.length) * bytesPerUnit + tail.length + frameBytesMax;
    if (buffer.length - end < needed) {
      const larger = Buffer.allocUnsafe(2 * buffer.length + needed);
      buffer.copy(larger, 0, 0, end);
      buffer = larger;
    }
    const text = { key, value, keyBytes: key.length, valueBytes: value.length };
    end = writeRecord(buffer, end, { ...text, delta, headers: tail });
  }
  return buffer.subarray(0, end);
}

/** Those of one request are one object, and written out once. */
function encodedHeaders(): (headers: LogHeaders | undefined) => Buffer {
  let last: LogHeaders | undefined;
  let bytes: Buffer = noHeaders;
  return (headers) => {
    if (headers !== last) {
      last = headers;
      bytes = headers === undefined ? noHeaders : headersBytes(headers);
    }
    return bytes;
  };
}

const noHeaders = Buffer.from([0]);

function headersBytes(headers: LogHeaders): Buffer {
  const entries = Object.entries(headers);
  const prefixed = entries.flat().map((text) => {
    const bytes = Buffer.from(text);
    return Buffer.concat([varint(bytes.length), bytes]);
  });
  return Buffer.concat([varint(entries.length), ...prefixed]);
}

interface RecordParts {
  readonly key: string;
  readonly value: string;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly delta: number;
  readonly headers: Buffer;
}

/**
 * Writes a record, and says where it ends. Lengths come before what they are
 * of, and are known behind it only: they are taken to be those of ASCII, which
 * keys and values are as a rule, and the record is written anew where they are not.
 */
function writeRecord(buffer: Buffer, start: number, record: RecordParts): number {
  const { key, value, keyBytes, valueBytes, delta, headers } = record;
  const length =
    attributesAndTimestampBytes +
    varintBytes(delta) +
    varintBytes(keyBytes) +
    keyBytes +
    varintBytes(valueBytes) +
    valueBytes +
    headers.length;
  let end = writeVarint(buffer, start, length);
  buffer[end++] = 0;
  buffer[end++] = 0;
  end = writeVarint(buffer, end, delta);
  end = writeVarint(buffer, end, keyBytes);
  const keyWritten = buffer.write(key, end);
  end = writeVarint(buffer, end + keyWritten, valueBytes);
  const valueWritten = buffer.write(value, end);
  if (keyWritten !== keyBytes || valueWritten !== valueBytes) {
    const known = { keyBytes: keyWritten, valueBytes: valueWritten };
    return writeRecord(buffer, start, { ...record, ...known });
  }
  end += valueWritten;
  return end + headers.copy(buffer, end);
}

const attributesAndTimestampBytes = 2;

/** A number of at least 0, below 2^30, as Kafka's zigzag varint. */
function writeVarint(buffer: Buffer, start: number, value: number): number {
  let rest = value << 1;
  let end = start;
  while (rest > 0x7f) {
    buffer[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[end++] = rest;
  return end;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value << 1; rest > 0x7f; rest >>>= 7) bytes += 1;
  return bytes;
}

function varint(value: number): Buffer {
  const bytes = Buffer.alloc(varintBytes(value));
  writeVarint(bytes, 0, value);
  return bytes;
}

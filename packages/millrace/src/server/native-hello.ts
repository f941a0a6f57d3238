/**
 * What clients that read the `Native` format over HTTP ask as they connect
 * (`clickhouse-go`), to learn which additions of ClickHouse's own protocol the
 * answers have that follow. They read this one with those of the newest.
 */
const hello =
  /^\s*SELECT\s+displayName\(\)\s*,\s*version\(\)\s*,\s*revision\(\)\s*,\s*timezone\(\)\s*;?\s*$/i;

export const isNativeHello = (sql: string): boolean => hello.test(sql);

/** Without any addition. */
const revision = 0;

/**
 * One row: a block, each of whose columns says that it is written in the usual way.
 * https://clickhouse.com/docs/native-protocol/server#data
 *
 * @param version of the engine, e.g. `26.7.1.1`.
 */
export function nativeHello(version: string): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(revision);
  const columns = [
    ['displayName()', 'String', text('millrace')],
    ['version()', 'String', text(version)],
    ['revision()', 'UInt32', number],
    ['timezone()', 'String', text('UTC')],
  ] as const;
  const usual = Buffer.of(0);
  return Buffer.concat([
    blockInfo,
    Buffer.of(columns.length, 1),
    ...columns.flatMap(([name, type, value]) => [text(name), text(type), usual, value]),
  ]);
}

/** 1: no overflow; 2: bucket -1; the end. */
const blockInfo = Buffer.of(1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0);

const textMax = 127;

/** Its length in bytes as a varint, here of one byte. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length > textMax) throw new RangeError(`${value} is longer than ${textMax} bytes`);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

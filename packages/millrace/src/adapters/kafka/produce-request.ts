import {
  type Connection,
  ProduceAcks,
  protocolErrorsCodesById,
  type Reader,
  Writer,
} from '@platformatic/kafka';

/** Records for one partition, whole: a broker takes all of them or none. */
export interface PartitionBatch {
  readonly partition: number;
  /** As `recordBatch` writes it. */
  readonly bytes: Buffer;
}

export interface ProduceRequest {
  readonly topic: string;
  /** The id of the transaction that they are part of; null if of none. */
  readonly transactionalId: string | null;
  /** At most one for each partition. */
  readonly batches: readonly PartitionBatch[];
  /** How long the broker waits for the other replicas, in ms. */
  readonly timeoutMs: number;
}

/** For each partition what became of its batch, by Kafka's names; `NONE` where all replicas in sync have it. */
export type ProduceAnswer = ReadonlyMap<number, string>;

const produce = 0;
/** Any broker since Kafka 2.4 speaks it. */
const version = 9;
const int64Bytes = 8;

/**
 * Gives a broker batches that are encoded already.
 *
 * Source: https://kafka.apache.org/protocol#The_Messages_Produce
 */
export const sendBatches = (
  connection: Connection,
  request: ProduceRequest,
): Promise<ProduceAnswer> =>
  new Promise((resolve, reject) => {
    connection.send(
      produce,
      version,
      () => written(request),
      (_correlationId, _api, _version, reader) => read(reader),
      true,
      true,
      (error, answer) => (answer ? resolve(answer) : reject(error)),
    );
  });

const written = ({ topic, transactionalId, batches, timeoutMs }: ProduceRequest): Writer =>
  Writer.create()
    .appendString(transactionalId)
    .appendInt16(ProduceAcks.ALL)
    .appendInt32(timeoutMs)
    .appendArray([topic], (w, name) => {
      w.appendString(name).appendArray([...batches], (each, { partition, bytes }) => {
        each
          .appendInt32(partition)
          .appendUnsignedVarInt(bytes.length + 1)
          .append(bytes);
      });
    })
    .appendTaggedFields();

function read(reader: Reader): ProduceAnswer {
  const topics = reader.readArray((topic) => {
    topic.readString();
    return topic.readArray((partition): readonly [number, string] => {
      const index = partition.readInt32();
      const code = partition.readInt16();
      // Its offset, its time, where the log begins; then which records are to blame, and why.
      partition.skip(3 * int64Bytes);
      partition.readArray((record) => [record.readInt32(), record.readNullableString()]);
      partition.readNullableString();
      return [index, protocolErrorsCodesById[code] ?? `error ${code}`];
    });
  });
  return new Map(topics.flat());
}

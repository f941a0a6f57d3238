import { deltaBytesMax } from '../kafka/topics.ts';
import type { Options } from './nodes.ts';

/** What is submitted to one session of the SQL Gateway. */
export interface FlinkJob {
  readonly name: string;
  /** Of the session. */
  readonly settings: Options;
  /** In order; the last one starts the job. */
  readonly statements: readonly string[];
  /** The topics it reads, from their beginning or a cut, when it has no state to go on from. */
  readonly reads: readonly string[];
  /** Of the clean log, where what it computes was not wanted from the first event on: by partition, its first offset. */
  readonly cut?: readonly number[];
  /** The topics it alone writes: with records in them, it cannot begin anew without doubling them. */
  readonly writes: readonly string[];
}

export interface FlinkSettings {
  /** `host:port`, with commas between. */
  readonly bootstrapServers: string;
  readonly parallelism: number;
  /** Of the logs; as many as the parallelism unless told. */
  readonly partitions?: number;
  /** What the names of topics, jobs, groups and transactions begin with; the pipeline's name unless told. */
  readonly prefix?: string;
  /** Results can be read this long after they were made, at the soonest. */
  readonly checkpointMs?: number;
  /** By the table of a rollup or a window, from which offset of each partition of the clean log its job reads; from the first one there is unless told. */
  readonly cuts?: ReadonlyMap<string, readonly number[]>;
  /** Longer than the worst recovery, at most the broker's `transaction.max.timeout.ms`. */
  readonly transactionTimeoutMs?: number;
}

const checkpointMsDefault = 3_000;
const transactionTimeoutMsDefault = 900_000;

/** Settings that every job has. State lives for `stateMs`; 0 is for ever. */
export const jobSettings = (
  name: string,
  { parallelism, checkpointMs = checkpointMsDefault }: FlinkSettings,
  stateMs: number,
): Options => ({
  'pipeline.name': name,
  'parallelism.default': String(parallelism),
  // Measured: what matters most for the rate.
  'pipeline.object-reuse': 'true',
  'execution.runtime-mode': 'streaming',
  'execution.checkpointing.interval': `${checkpointMs} ms`,
  'execution.checkpointing.mode': 'EXACTLY_ONCE',
  'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
  // Tries for ever, less and less often: a broker may be away for hours.
  'restart-strategy.type': 'exponential-delay',
  'state.backend.type': 'rocksdb',
  'execution.checkpointing.incremental': 'true',
  // An id that is new is in no file of the state: a filter says so without reading one.
  'state.backend.rocksdb.use-bloom-filter': 'true',
  'table.exec.state.ttl': `${stateMs} ms`,
  'table.exec.source.idle-timeout': '5 s',
  // It would turn the dedup stage into one that takes back what it said.
  'table.exec.mini-batch.enabled': 'false',
  'table.local-time-zone': 'UTC',
});

/**
 * Where a job reads: on from its own checkpoint, or from the first record there is,
 * or from a cut: these offsets of the topic's partitions.
 */
export const kafkaSource = (
  topic: string,
  group: string,
  { bootstrapServers }: FlinkSettings,
  cut?: readonly number[],
): Options => ({
  connector: 'kafka',
  topic,
  'properties.bootstrap.servers': bootstrapServers,
  'properties.group.id': group,
  'properties.isolation.level': 'read_committed',
  // Measured: by default many small portions.
  'properties.max.partition.fetch.bytes': '4194304',
  'properties.max.poll.records': '2000',
  ...(cut === undefined
    ? { 'scan.startup.mode': 'earliest-offset' }
    : {
        'scan.startup.mode': 'specific-offsets',
        'scan.startup.specific-offsets': cut
          .map((offset, partition) => `partition:${partition},offset:${offset}`)
          .join(';'),
      }),
});

/** A sink whose records appear with the checkpoint that covers them, each once. */
export const kafkaSink = (
  topic: string,
  transactions: string,
  { bootstrapServers, transactionTimeoutMs = transactionTimeoutMsDefault }: FlinkSettings,
): Options => ({
  connector: 'kafka',
  topic,
  'properties.bootstrap.servers': bootstrapServers,
  'properties.compression.type': 'lz4',
  // Results wait for a checkpoint anyway: fewer, larger batches cost Flink and the brokers less.
  'properties.batch.size': '262144',
  'properties.linger.ms': '20',
  'properties.transaction.timeout.ms': String(transactionTimeoutMs),
  'sink.delivery-guarantee': 'exactly-once',
  'sink.transactional-id-prefix': transactions,
});

/** A sink of computed records, which the store takes as rows. */
export const jsonSink = (
  topic: string,
  settings: FlinkSettings,
  format: Options = {},
): Options => ({
  ...kafkaSink(topic, topic, settings),
  'properties.max.request.size': String(deltaBytesMax),
  'value.format': 'json',
  ...format,
  'value.json.encode.decimal-as-plain-number': 'true',
  // What is left out takes its default in the store: null, or no values.
  'value.json.encode.ignore-null-fields': 'true',
});

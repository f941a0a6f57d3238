import { filledByDeltas } from '../../plan/deltas.ts';
import type { Plan, RollupPlan, WindowPlan } from '../../plan/plan.ts';

export interface KafkaSettings {
  /** Of the raw and the clean log. The ids of a partition stay in it, so it cannot change in place. */
  readonly partitions: number;
  /** Brokers that hold each record. */
  readonly replication: number;
  /** What all names begin with; the pipeline's name unless told. */
  readonly prefix?: string;
  /** How long the logs buffer what nobody could read yet, in ms by arrival. */
  readonly bufferMs?: number;
  /** The most that a partition buffers; -1 for no bound but the time. */
  readonly bufferBytes?: number;
  /** The largest event. */
  readonly recordBytesMax?: number;
}

export interface Topic {
  readonly name: string;
  readonly partitions: number;
  readonly replication: number;
  /** By Kafka's names. */
  readonly config: { readonly [name: string]: string };
  /** Whether keys stay in their partition, so that partitions cannot be added. */
  readonly keyed: boolean;
}

const dayMs = 86_400_000;
const bufferMsDefault = 7 * dayMs;
const deadLettersKeepMs = 90 * dayMs;
const recordBytesMaxDefault = 1_048_576;
const appliedBytesMax = 16_777_216;
/** A record of Kafka's is its value, its key of at most 128 bytes, and headers. */
const recordOverheadBytes = 4_096;
/** A delta names each value that a `uniq` met: some 400,000 ids in a second for one bucket. */
export const deltaBytesMax = 16 * 1_048_576;
/**
 * How much earlier (ms) than it gets into the raw log an event may have been
 * appended: its collector asks Kafka no longer than that, and a request that was held
 * up on the way is refused by the broker. Collectors whose clocks are so far behind
 * are refused as well, until the clock is set.
 */
export const appendedBehindMsMax = 5_000;

/**
 * The names of a pipeline's topics.
 *
 * A record of the raw and the clean log has the event id as its key, so that all
 * copies of one event meet in one partition; its value is the event's line of
 * canonical JSON without the newline, its timestamp when it was appended.
 */
export const topicNames = (
  plan: Plan,
  { prefix = plan.pipeline }: Pick<KafkaSettings, 'prefix'> = {},
): TopicNames => ({
  raw: `${prefix}.raw`,
  clean: `${prefix}.clean`,
  deadLetters: `${prefix}.dead_letters`,
  applied: `${prefix}.applied`,
  imports: `${prefix}.imports`,
});

/** The topic of what Flink adds to one version of a rollup. */
export const deltasTopicName = (
  { table }: RollupPlan,
  plan: Plan,
  { prefix = plan.pipeline }: Pick<KafkaSettings, 'prefix'> = {},
): string => `${prefix}.${table}`;

/** The topic of the results of one version of a window. */
export const resultsTopicName = (
  { table }: Pick<WindowPlan, 'table'>,
  plan: Plan,
  { prefix = plan.pipeline }: Pick<KafkaSettings, 'prefix'> = {},
): string => `${prefix}.${table}`;

export interface TopicNames {
  /** What collectors accepted, repeats included. */
  readonly raw: string;
  /** The same, each event once. */
  readonly clean: string;
  readonly deadLetters: string;
  /** What `millrace apply` did, and who is at it. */
  readonly applied: string;
  /** How far the imports of files are. */
  readonly imports: string;
}

/** Every topic that a plan needs. */
export const kafkaTopics = (plan: Plan, settings: KafkaSettings): readonly Topic[] => {
  const names = topicNames(plan, settings);
  const { bufferMs = bufferMsDefault, bufferBytes = -1 } = settings;
  const buffer = { keepMs: bufferMs, keepBytes: bufferBytes };
  const computed = [
    ...plan.rollups.filter(filledByDeltas).map((rollup) => deltasTopicName(rollup, plan, settings)),
    ...plan.windows.map((window) => resultsTopicName(window, plan, settings)),
  ];
  return [
    rawTopic(topic(names.raw, settings, buffer)),
    topic(names.clean, settings, buffer),
    {
      ...topic(names.deadLetters, settings, { keepMs: deadLettersKeepMs, keepBytes: -1 }),
      keyed: false,
    },
    appliedTopic(plan, settings),
    importsTopic(names.imports, settings),
    ...computed.map((name) => ({
      ...topic(name, { ...settings, recordBytesMax: deltaBytesMax }, buffer),
      keyed: false,
    })),
  ];
};

/** Nothing that is not late comes into it when its window is closed. */
const rawTopic = (topic: Topic): Topic => ({
  ...topic,
  config: { ...topic.config, 'message.timestamp.before.max.ms': String(appendedBehindMsMax) },
});

/** One partition, in whose order all see the same, each entry at the broker's time. */
export const appliedTopic = (plan: Plan, settings: KafkaSettings): Topic => {
  const { applied } = topicNames(plan, settings);
  const kept = topic(applied, { ...settings, partitions: 1 }, { keepMs: -1, keepBytes: -1 });
  return {
    ...kept,
    config: {
      ...kept.config,
      'message.timestamp.type': 'LogAppendTime',
      // The texts of all jobs.
      'max.message.bytes': String(appliedBytesMax),
    },
  };
};

/** What was imported is known for ever, by the last record of each import. */
const importsTopic = (name: string, settings: KafkaSettings): Topic => {
  const kept = topic(name, { ...settings, partitions: 1 }, { keepMs: -1, keepBytes: -1 });
  return {
    ...kept,
    config: { ...kept.config, 'cleanup.policy': 'compact', 'segment.ms': String(dayMs) },
  };
};

const topic = (
  name: string,
  { partitions, replication, recordBytesMax = recordBytesMaxDefault }: KafkaSettings,
  { keepMs, keepBytes }: { readonly keepMs: number; readonly keepBytes: number },
): Topic => ({
  name,
  partitions,
  replication,
  keyed: true,
  config: {
    // What was acknowledged survives the loss of one broker, and of three one may be away.
    'min.insync.replicas': String(Math.max(1, replication - 1)),
    'unclean.leader.election.enable': 'false',
    // Compacting would drop what has the same key: an id that came again after the dedup window.
    'cleanup.policy': 'delete',
    'retention.ms': String(keepMs),
    'retention.bytes': String(keepBytes),
    // The time of a record is `appended_at`, which the collector gives.
    'message.timestamp.type': 'CreateTime',
    // As its producer compressed it: the broker need not do it again.
    'compression.type': 'producer',
    'max.message.bytes': String(recordBytesMax + recordOverheadBytes),
  },
});

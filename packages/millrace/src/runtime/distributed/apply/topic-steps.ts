import type { TopicState } from '../../../adapters/kafka/topic-admin.ts';
import type { Topic } from '../../../compile/kafka/topics.ts';
import type { Actual, Desired } from './cluster.ts';
import type { Step } from './step.ts';

/** What makes the topics into what they are to be. */
export const topicSteps = ({ topics }: Desired, actual: Actual): readonly Step[] =>
  topics.flatMap((topic) => {
    const now = actual.topics.get(topic.name);
    if (now === undefined)
      return [
        {
          kind: 'create topic' as const,
          topic,
          what: `topic ${topic.name}: ${topic.partitions} partition(s), ${topic.replication} replica(s)`,
        },
      ];
    return [...partitionSteps(topic, now), ...replicaSteps(topic, now), ...configSteps(topic, now)];
  });

const partitionSteps = (topic: Topic, now: TopicState): readonly Step[] => {
  if (topic.partitions === now.partitions) return [];
  const why =
    topic.partitions < now.partitions
      ? 'Kafka cannot take partitions away'
      : 'the keys of events would move to other partitions, and their copies would not meet';
  return [
    {
      kind: 'refuse',
      code: 'topic_conflict',
      what: `topic ${topic.name} has ${now.partitions} partition(s), not ${topic.partitions}: ${why}`,
      mend: `Give --partitions ${now.partitions}.`,
    },
  ];
};

const replicaSteps = (topic: Topic, now: TopicState): readonly Step[] =>
  topic.replication === now.replication
    ? []
    : [
        {
          kind: 'refuse',
          code: 'topic_conflict',
          what: `topic ${topic.name} has ${now.replication} replica(s), not ${topic.replication}`,
          mend: `Give --replication ${now.replication}, or move its replicas with Kafka's own tools first.`,
        },
      ];

const configSteps = (topic: Topic, now: TopicState): readonly Step[] => {
  const changed = Object.entries(topic.config).filter(
    ([name, value]) => now.config[name] !== value,
  );
  const shorter = changed.filter(
    ([name, value]) => bounds.includes(name) && limitOf(value) < limitOf(now.config[name]),
  );
  const others = changed.filter(([name]) => shorter.every(([one]) => one !== name));
  return [
    ...shorter.map(
      ([name, value]): Step => ({
        kind: 'refuse',
        code: 'topic_conflict',
        what: `topic ${topic.name} keeps more than is asked for (${name} ${now.config[name]}, not ${value}): records that nobody has read yet could go`,
        mend: `Set it with Kafka's own tools once all is read.`,
      }),
    ),
    ...(others.length === 0
      ? []
      : [
          {
            kind: 'configure topic' as const,
            topic,
            config: Object.fromEntries(others),
            what: `topic ${topic.name}: ${others.map(([name, value]) => `${name} ${now.config[name]} → ${value}`).join(', ')}`,
          },
        ]),
  ];
};

/** What Kafka deletes by. */
const bounds: readonly string[] = ['retention.ms', 'retention.bytes'];

/** -1 is for ever. */
const limitOf = (value: string | undefined): number =>
  value === undefined || Number(value) < 0 ? Number.POSITIVE_INFINITY : Number(value);

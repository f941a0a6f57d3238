import { metadataV12 } from '@platformatic/kafka';
import { Brokers } from '../../packages/millrace/src/adapters/kafka/brokers.ts';

/** Whether each partition of these topics has as many replicas that hold all of it as it is to have. */
export async function inSync(
  bootstrap: string,
  topics: readonly { readonly name: string; readonly replication: number }[],
): Promise<boolean> {
  const brokers = new Brokers({ clientId: 'test', brokers: bootstrap.split(',') });
  try {
    const names = topics.map(({ name }) => name);
    // The library's own clients say nothing of the topics that Kafka keeps for itself.
    const found = await metadataV12.api.async(await brokers.any(), names);
    return topics.every(({ name, replication }) => {
      const partitions = found.topics.find((topic) => topic.name === name)?.partitions ?? [];
      const isWhole = partitions.every(({ isrNodes }) => isrNodes.length === replication);
      return partitions.length > 0 && isWhole;
    });
  } finally {
    await brokers.close();
  }
}

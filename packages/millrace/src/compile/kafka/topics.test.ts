import { expect, test } from 'vitest';
import { definePipeline, event, string } from '../../index.ts';
import { planOf } from '../../plan/plan-of.ts';
import { kafkaTopics } from './topics.ts';

const plan = planOf(
  definePipeline({ name: 'shop', events: { view: event({ product_id: string() }) } }),
);

test('each has as many replicas as asked, all but one of which must have a record', () => {
  const topics = kafkaTopics(plan, { partitions: 12, replication: 3 });
  expect(topics.map(({ name, partitions }) => [name, partitions])).toEqual([
    ['shop.raw', 12],
    ['shop.clean', 12],
    ['shop.dead_letters', 12],
    ['shop.applied', 1],
    ['shop.imports', 1],
  ]);
  for (const topic of topics) {
    expect(topic).toMatchObject({
      replication: 3,
      config: {
        'min.insync.replicas': '2',
        // What was imported is known for ever; of all else an id may come again.
        'cleanup.policy': topic.name === 'shop.imports' ? 'compact' : 'delete',
      },
    });
  }
  const [alone] = kafkaTopics(plan, { partitions: 1, replication: 1 });
  expect(alone?.config['min.insync.replicas']).toBe('1');
});

test('nothing gets into the raw log that was appended long before', () => {
  const bound = 'message.timestamp.before.max.ms';
  const bounds = kafkaTopics(plan, { partitions: 1, replication: 1 }).map(({ name, config }) => [
    name,
    config[bound],
  ]);
  expect(bounds).toEqual([
    ['shop.raw', '5000'],
    ['shop.clean', undefined],
    ['shop.dead_letters', undefined],
    ['shop.applied', undefined],
    ['shop.imports', undefined],
  ]);
});

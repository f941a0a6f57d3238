import { expect, test } from 'vitest';
import { definePipeline, event, string } from '../../index.ts';
import { planOf } from '../../plan/plan-of.ts';
import { kafkaTopics } from '../kafka/topics.ts';
import { flinkJobs } from './jobs.ts';

const plan = planOf(
  definePipeline({ name: 'shop', events: { view: event({ product_id: string() }) } }),
);
const jobs = flinkJobs(plan, { bootstrapServers: 'kafka:9092', parallelism: 1 });

test('each job has a name of its own, and no topic has two writers', () => {
  expect(new Set(jobs.map(({ name }) => name)).size).toBe(jobs.length);
  const written = jobs.flatMap(({ writes }) => writes);
  expect(new Set(written).size).toBe(written.length);
});

test('jobs read and write topics of the plan alone', () => {
  const topics = kafkaTopics(plan, { partitions: 1, replication: 1 }).map(({ name }) => name);
  expect(topics).toEqual(
    expect.arrayContaining(jobs.flatMap((job) => [...job.reads, ...job.writes])),
  );
});

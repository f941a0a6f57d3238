import { expect, test } from 'vitest';
import { count, definePipeline, event, rollup, string } from '../../index.ts';
import { planOf } from '../../plan/plan-of.ts';
import { dedupJob } from './dedup-job.ts';

const settings = { bootstrapServers: 'kafka-1:9092,kafka-2:9092', parallelism: 2 };

const shop = definePipeline({ name: 'shop', events: { view: event({ product_id: string() }) } });

test('is what the golden file says', async () => {
  const { name, settings: session, statements } = dedupJob(planOf(shop), settings);
  const set = Object.entries(session).map(([key, value]) => `SET '${key}' = '${value}'`);
  const text = `${[`-- ${name}`, ...set, ...statements].join(';\n\n')};\n`;
  await expect(text).toMatchFileSnapshot('./dedup-job.golden.sql');
});

test('does not change with the logic of the pipeline', () => {
  const other = definePipeline({
    name: 'shop',
    events: { purchase: event({ order_id: string(), currency: string() }) },
    rollups: [
      rollup('by_day', {
        from: 'purchase',
        every: 'day',
        by: ['currency'],
        measures: { orders: count() },
      }),
    ],
  });
  expect(dedupJob(planOf(other), settings)).toEqual(dedupJob(planOf(shop), settings));
});

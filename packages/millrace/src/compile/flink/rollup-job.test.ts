import { describe, expect, test } from 'vitest';
import { planOf } from '../../plan/plan-of.ts';
import { everyKind } from '../clickhouse/every-kind.suite.ts';
import { flinkJobs } from './jobs.ts';
import { rollupJobs } from './rollup-job.ts';

const plan = planOf(everyKind);
const settings = { bootstrapServers: 'kafka-1:9092', parallelism: 2 };

describe('the jobs of rollups', () => {
  test('are what the golden file says', async () => {
    const jobs = rollupJobs(plan, settings);
    const text = jobs.map(({ name, statements }) => [`-- ${name}`, ...statements].join(';\n\n'));
    await expect(`${text.join(';\n\n')};\n`).toMatchFileSnapshot('./rollup-jobs.golden.sql');
  });

  test('leave quantiles to the store, and come after the one they read from', () => {
    expect(flinkJobs(plan, settings).map(({ name }) => name)).toEqual([
      'every_kind.dedup',
      'every_kind.per_second__v1',
      'every_kind.per_minute__v1',
      'every_kind.per_hour__v1',
      'every_kind.per_day__v1',
      'every_kind.per_week__v1',
      'every_kind.some__v1',
    ]);
  });
});

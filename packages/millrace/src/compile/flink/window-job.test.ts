import { describe, expect, test } from 'vitest';
import { planOf } from '../../plan/plan-of.ts';
import { everyWindow } from '../clickhouse/every-window.suite.ts';
import { windowJobs } from './window-job.ts';

const plan = planOf(everyWindow);
const settings = { bootstrapServers: 'kafka-1:9092', parallelism: 2 };

describe('the jobs of windows', () => {
  test('are what the golden file says', async () => {
    const jobs = windowJobs(plan, settings);
    const text = jobs.map(({ name, statements }) => [`-- ${name}`, ...statements].join(';\n\n'));
    await expect(`${text.join(';\n\n')};\n`).toMatchFileSnapshot('./window-jobs.golden.sql');
  });

  test('read with no more subtasks than there are partitions, and wait for each of them', () => {
    const parallelismWith = (partitions: number) =>
      windowJobs(plan, { ...settings, partitions }).map(
        (job) => job.settings['parallelism.default'],
      );
    expect(new Set(parallelismWith(1))).toEqual(new Set(['1']));
    expect(new Set(parallelismWith(12))).toEqual(new Set(['2']));
    for (const job of windowJobs(plan, settings))
      expect(job.settings['table.exec.source.idle-timeout']).toBe('0 ms');
  });
});

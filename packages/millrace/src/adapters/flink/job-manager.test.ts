import { expect, test } from 'vitest';
import { JobManager } from './job-manager.ts';

test('a Flink that is away is told from one that refuses', async () => {
  await expect(new JobManager('http://127.0.0.1:1/').jobs()).rejects.toMatchObject({
    code: 'flink_unavailable',
    message: 'Nothing answers at http://127.0.0.1:1/jobs/overview.',
  });
});

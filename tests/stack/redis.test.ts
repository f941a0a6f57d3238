import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Redis, startRedis } from '../../tools/stack/redis.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-redis-'));

let redis: Redis;
beforeAll(async () => {
  redis = await startRedis({ folder });
});
afterAll(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('what was set is there after a kill', async () => {
  const client = await createClient({ url: redis.addresses.url }).connect();
  client.on('error', () => {});
  expect(await client.set('answer', '42')).toBe('OK');
  redis.kill('redis', 'SIGKILL');
  await redis.restart('redis');
  // The first command may still go to the connection that died.
  const answer = () => client.get('answer').catch(() => null);
  await expect.poll(answer).toBe('42');
  client.destroy();
});

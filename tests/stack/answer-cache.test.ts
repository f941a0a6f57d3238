import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import {
  type RedisCacheOptions,
  redisCache,
} from '../../packages/millrace/src/adapters/cache/redis-cache.ts';
import { systemClock } from '../../packages/millrace/src/adapters/system-clock.ts';
import { createLimiter } from '../../packages/millrace/src/limiter.ts';
import { testCache } from '../../packages/millrace/src/ports/cache.suite.ts';
import type { Cache } from '../../packages/millrace/src/ports/cache.ts';
import { AnswerCache } from '../../packages/millrace/src/query/answer-cache.ts';
import { type Redis, startRedis } from '../../tools/stack/redis.ts';
import { FaultyLink } from '../support/faulty-link.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-answer-cache-'));

let redis: Redis;
beforeAll(async () => {
  redis = await startRedis({ folder });
});
afterAll(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

let serial = 0;
const open = (problems: string[] = [], options: Partial<RedisCacheOptions> = {}): Cache => {
  serial += 1;
  return redisCache({
    ...{ url: redis.addresses.url, prefix: `test-${serial}:` },
    onProblem: (_what, error) => problems.push(String(error)),
    ...options,
  });
};

/** Connected, as it is some milliseconds after it was opened. */
async function connected(
  problems: string[] = [],
  options: Partial<RedisCacheOptions> = {},
): Promise<Cache> {
  const cache = open(problems, options);
  onTestFinished(() => cache.close());
  await works(cache);
  problems.length = 0;
  return cache;
}

const works = (cache: Cache): Promise<void> =>
  expect
    .poll(
      async () => {
        await cache.set('probe', '1', 60_000);
        return cache.get('probe');
      },
      { interval: 100 },
    )
    .toBe('1');

testCache('a cache in Redis', async () => {
  // On a busy machine Redis takes longer than anybody would wait.
  const cache = open([], { answerMsMax: 30_000 });
  await works(cache);
  return cache;
});

describe('answers are given all the same', () => {
  const source = () => ({ asOfMs: null, version: '1' });
  const asked = { key: 'k', source, ageMsMax: 0, signal: undefined };
  const make = async () => '{"answer":1}';
  const line = createLimiter({ atOnceMax: 1 });
  const mostMs = 2_000;

  /** Answered by the store, and soon, unless the machine stands still each time. */
  const isAnswered = async (cache: Cache): Promise<void> => {
    const answers = new AnswerCache({ cache, clock: systemClock, line });
    const tookMs: number[] = [];
    do {
      const began = performance.now();
      expect(await answers.answer(asked, make)).toMatchObject({
        text: '{"answer":1}',
        cached: false,
      });
      tookMs.push(performance.now() - began);
    } while (Math.min(...tookMs) >= mostMs && tookMs.length < 5);
    expect(Math.min(...tookMs)).toBeLessThan(mostMs);
  };

  test('while Redis is away, and kept again when it is back', async () => {
    const problems: string[] = [];
    const cache = await connected(problems);
    redis.kill('redis', 'SIGKILL');
    for (let n = 0; n < 20; n += 1) await isAnswered(cache);
    // Said once, however often it is asked.
    expect(problems).toHaveLength(1);
    await redis.restart('redis');
    await works(cache);
    const answers = new AnswerCache({ cache, clock: systemClock, line });
    await answers.answer(asked, make);
    const other = new AnswerCache({ cache, clock: systemClock, line });
    const isCached = async () => (await other.answer(asked, make)).cached;
    await expect.poll(isCached).toBe(true);
  });

  test('while Redis stands still', async () => {
    const cache = await connected();
    await redis.pause('redis');
    for (let n = 0; n < 5; n += 1) await isAnswered(cache);
    await redis.resume('redis');
    await works(cache);
  });

  test('while Redis is full', async () => {
    const problems: string[] = [];
    // Else a busy machine is what is told of, and nothing after it.
    const cache = await connected(problems, { answerMsMax: 30_000 });
    const client = await createClient({ url: redis.addresses.url }).connect();
    await client.configSet({ maxmemory: '1', 'maxmemory-policy': 'noeviction' });
    await isAnswered(cache);
    await isAnswered(cache);
    await expect.poll(() => problems.join()).toMatch(/OOM/);
    await client.configSet('maxmemory', '0');
    client.destroy();
    await works(cache);
  });

  test('where Redis holds something else under the key', async () => {
    const cache = await connected();
    const client = await createClient({ url: redis.addresses.url }).connect();
    await client.rPush(`test-${serial}:k`, ['a', 'list']);
    await isAnswered(cache);
    client.destroy();
  });

  describe('over a link', () => {
    let link: FaultyLink;
    beforeEach(async () => {
      link = await FaultyLink.to(redis.addresses.url);
    });
    afterEach(() => link.close());

    /** Answered for some time, whatever it asks Redis; and at last by Redis again. */
    const survives = async (fault: () => void): Promise<void> => {
      const problems: string[] = [];
      const cache = await connected(problems, { url: link.url });
      fault();
      await expect.poll(() => isAnswered(cache).then(() => problems.length)).toBe(1);
      const until = performance.now() + 2_000;
      while (performance.now() < until) {
        await isAnswered(cache);
        await sleep(20);
      }
      expect(problems).toHaveLength(1);
      link.mend();
      await works(cache);
    };

    test('that is slow', () =>
      survives(() => link.slow({ latencyMs: 300, bytesPerSecond: 10_000 })));
    test('that is cut', () => survives(() => link.cut()));
    test('that leads nowhere', () => survives(() => link.silence()));

    test('that leads nowhere from the beginning', async () => {
      link.silence();
      const problems: string[] = [];
      const cache = open(problems, { url: link.url });
      await isAnswered(cache);
      await expect.poll(() => isAnswered(cache).then(() => problems.length)).toBe(1);
      await cache.close();
    });
  });
});

import { expect, test, vi } from 'vitest';
import { keptInStorage } from './kept-values.ts';
import type { Post } from './post.ts';
import { createQueue } from './queue.ts';
import { createSender } from './sender.ts';
import { StorageOfTests } from './storage.suite.ts';

const limits = { eventsMax: 100, bytesMax: 10_000 };
const within = { timeout: 60_000 };

/** A tab that shares `storage` with others; its requests end as `post` says. */
function tab(storage: Storage, post: Post) {
  const kept = keptInStorage(() => storage);
  const queue = createQueue({ kept, limits, dedupWindowMs: 1_000, givenUp: () => {} });
  queue.adopt();
  const backoff = { firstMs: 1, mostMs: 2 };
  const sender = createSender({
    queue,
    post,
    batch: limits,
    waitMs: 1,
    backoff,
    refused: () => {},
  });
  return { queue, sender };
}

const answered: Post = async () => ({ kind: 'answered', rejected: [] });
const failed: Post = async () => ({ kind: 'failed', retryAfterMs: 0 });

test('a tab goes on after another sent what it had failed to send', async () => {
  const storage = new StorageOfTests();
  const one = tab(storage, answered);
  one.queue.add('1', '{}');
  const bodies: string[] = [];
  let online = false;
  const two = tab(storage, async (request) => {
    bodies.push(request.body);
    return (online ? answered : failed)(request);
  });
  await two.sender.flush();
  await one.sender.flush();
  await vi.waitFor(() => expect(two.queue.size).toBe(0), within);

  online = true;
  two.queue.add('2', '{"event_id":"2"}');
  two.sender.wake();
  await vi.waitFor(() => expect(bodies.at(-1)).toContain('"event_id":"2"'), within);
  await two.sender.emptied();
  for (const { sender } of [one, two]) sender.stop();
});

test('after one event that is too large batches grow again', async () => {
  const sizes: number[] = [];
  const { queue, sender } = tab(new StorageOfTests(), async ({ body }) => {
    const { batch } = JSON.parse(body);
    sizes.push(batch.length);
    const large = batch.some((event: { readonly large?: boolean }) => event.large);
    return large
      ? { kind: 'too_large', code: 'c', message: 'm' }
      : answered({ body, keepalive: true });
  });
  queue.add('large', '{"large":true}');
  for (let at = 0; at < 31; at += 1) queue.add(`${at}`, '{}');
  await sender.flush();
  sender.stop();
  expect(queue.size).toBe(0);
  expect(sizes).toEqual([32, 16, 8, 4, 2, 1, 2, 4, 8, 16, 1]);
});

import { beforeEach, describe, expect, test } from 'vitest';
import { keptInStorage } from './kept-values.ts';
import { createQueue, type Queue, type Queued } from './queue.ts';
import { StorageOfTests } from './storage.suite.ts';

const dedupWindowMs = 86_400_000;
const all = { eventsMax: 100, bytesMax: 10_000 };

let storage: StorageOfTests;
let givenUp: string[];
beforeEach(() => {
  storage = new StorageOfTests();
  givenUp = [];
});

/** The queue of one more page of the origin. */
function page(limits = all): Queue {
  const queue = createQueue({
    kept: keptInStorage(() => storage),
    limits,
    dedupWindowMs,
    givenUp: ({ id }) => givenUp.push(id),
  });
  queue.adopt();
  return queue;
}

const event = (id: string): string => JSON.stringify({ event_id: id });
const ids = (events: readonly Queued[]): string[] => events.map(({ id }) => id);
const take = (queue: Queue, nowMs = 0): string[] => ids(queue.take(all, nowMs));

describe('the queue', () => {
  test('outlives its page, in the order in which events came', () => {
    const before = page();
    for (const id of ['1', '2', '3']) before.add(id, event(id));
    before.remove(before.take({ eventsMax: 1, bytesMax: 1 }, 0));
    const after = page().take(all, 0);
    expect(after.map(({ json }) => json)).toEqual([event('2'), event('3')]);
  });

  test('gives a batch of so many events and bytes, and one at least', () => {
    const queue = page();
    for (const id of ['1', '2', '3', '4', '5']) queue.add(id, event(id));
    const size = event('1').length + 1;
    expect(ids(queue.take({ eventsMax: 2, bytesMax: 1_000 }, 0))).toEqual(['1', '2']);
    expect(ids(queue.take({ eventsMax: 9, bytesMax: 2 * size }, 0))).toEqual(['3', '4']);
    expect(ids(queue.take({ eventsMax: 9, bytesMax: 1 }, 0))).toEqual(['5']);
    expect(take(queue)).toEqual([]);
  });

  test('is shared by tabs, none of which takes anything from another', () => {
    const [one, two] = [page(), page()];
    one.add('1', event('1'));
    two.add('2', event('2'));
    expect(take(page())).toEqual(['1', '2']);
    one.remove(one.take(all, 0));
    expect(take(page())).toEqual(['2']);
  });

  test('does not send again what another tab got an answer to', () => {
    const one = page();
    one.add('1', event('1'));
    const two = page();
    expect(two.size).toBe(1);
    one.remove(one.take(all, 0));
    expect(take(two)).toEqual([]);
    expect(two.size).toBe(0);
  });

  test('keeps its own events when the site clears the storage', () => {
    const queue = page();
    queue.add('1', event('1'));
    storage.clear();
    expect(take(queue)).toEqual(['1']);
  });

  test('gives up, after the dedup window, what its page left without an answer', () => {
    const before = page();
    for (const id of ['1', '2']) before.add(id, event(id));
    before.take({ eventsMax: 1, bytesMax: 1 }, 0);
    before.leave(1_000);
    expect(take(page(), 1_000 + dedupWindowMs)).toEqual(['1', '2']);
    const tried = page();
    tried.giveBack(tried.take(all, 2_000));
    expect(take(page(), 1_001 + dedupWindowMs)).toEqual(['2']);
    expect(givenUp).toEqual(['1']);
    expect(take(page(), 1_001 + dedupWindowMs)).toEqual(['2']);
  });

  test('sends again, however late, what failed before the eyes of its page', () => {
    const before = page();
    before.add('1', event('1'));
    const taken = before.take(all, 0);
    before.leave(1_000);
    before.giveBack(taken);
    expect(take(page(), 9 * dedupWindowMs)).toEqual(['1']);
  });

  test('is bounded by events and bytes, in memory and over all tabs', () => {
    const queue = page({ eventsMax: 3, bytesMax: 40 });
    expect(['1', '2', '3'].map((id) => queue.add(id, event(id)))).toEqual([true, true, false]);
    const other = page({ eventsMax: 3, bytesMax: 40 });
    expect(other.size).toBe(2);
    storage.clear();
    const tabs = [1, 2, 3, 4, 5].map(() => page({ eventsMax: 3, bytesMax: 1_000 }));
    for (const [at, tab] of tabs.entries()) tab.add(`${at}`, event(`${at}`));
    expect(storage.length).toBe(3);
    expect(tabs.map((tab) => tab.size)).toEqual([1, 1, 1, 1, 1]);
  });

  test('lives in memory where the storage is full or forbidden', () => {
    for (const refusing of ['full', 'forbidden'] as const) {
      storage.refusing = refusing;
      const queue = page();
      expect(queue.add('1', event('1'))).toBe(true);
      queue.giveBack(queue.take(all, 0));
      const again = queue.take(all, 0);
      expect(ids(again)).toEqual(['1']);
      queue.leave(0);
      queue.remove(again);
      expect(queue.size).toBe(0);
    }
  });

  test('leaves what is not its own, and drops what somebody spoiled', () => {
    storage.setItem('cart', '[]');
    storage.setItem('millrace.queue.1', '{"event_id":');
    storage.setItem('millrace.queue.2', '<5 {"event_id":');
    const queue = page();
    expect(queue.size).toBe(0);
    queue.add('3', event('3'));
    queue.clear();
    expect(Object.keys(storage)).toEqual(['cart']);
  });
});

import { expect, test } from 'vitest';
import { createAdmission } from './admission.ts';

const recordsMax = 100;

/** A log of so many records and a reader that is moved by hand. */
function behind(records: number, { waitMsMax = 60_000, bytesMax = 1_000 } = {}) {
  let committed = 0;
  const log = { end: records };
  let waiting: { readonly offset: number; readonly resolve: () => void }[] = [];
  const reader = {
    get committed() {
      return committed;
    },
    settled: (offset: number) =>
      new Promise<void>((resolve) => {
        if (offset <= committed) resolve();
        else waiting.push({ offset, resolve });
      }),
  };
  const admission = createAdmission({ log, reader, recordsMax, bytesMax, waitMsMax });
  const began: string[] = [];
  return {
    log,
    admission,
    /** Who was let in, in order. */
    began,
    /** Comes with so many bytes; once in, stays until `leave`. */
    come(name: string, bytes: number) {
      let leave: () => void = () => {};
      const stays = new Promise<void>((resolve) => {
        leave = resolve;
      });
      const left = admission.admit(bytes, async () => {
        began.push(name);
        await stays;
      });
      return { left, leave };
    },
    commit(offset: number) {
      committed = offset;
      const reached = waiting.filter((one) => one.offset <= offset);
      waiting = waiting.filter((one) => one.offset > offset);
      for (const one of reached) one.resolve();
    },
  };
}

const turns = async (): Promise<void> => {
  for (let n = 0; n < 10; n += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('nobody waits while the reader is near', async () => {
  const { admission } = behind(recordsMax);
  expect(await admission.admit(10, async () => 'in')).toBe('in');
  await expect(
    admission.admit(10, async () => {
      throw new Error('of the work');
    }),
  ).rejects.toThrow('of the work');
  expect(await admission.admit(1_000_000, async () => 'alone')).toBe('alone');
});

test('senders wait until the reader has come nearer', async () => {
  const { come, commit, began } = behind(250);
  const one = come('one', 1);
  commit(149);
  await turns();
  expect(began).toEqual([]);
  commit(150);
  one.leave();
  await one.left;
});

test('and are told to come again when it does not', async () => {
  const { admission, began } = behind(250, { waitMsMax: 5 });
  await expect(admission.admit(1, async () => began.push('one'))).rejects.toMatchObject({
    code: 'overloaded',
    retryAfterS: expect.any(Number),
  });
  expect(began).toEqual([]);
});

test('no more bytes are in than there is room for, in the order they came', async () => {
  const { come, began } = behind(0);
  const [large, huge, small] = [come('large', 900), come('huge', 5_000), come('small', 50)];
  const next = come('next', 50);
  await turns();
  expect(began).toEqual(['large']);
  large.leave();
  await turns();
  // Larger than all the room there is: alone.
  expect(began).toEqual(['large', 'huge']);
  huge.leave();
  await turns();
  expect(began).toEqual(['large', 'huge', 'small', 'next']);
  for (const one of [small, next]) one.leave();
  await Promise.all([large, huge, small, next].map(({ left }) => left));
});

test('those that waited come in one a turn, each after a new look at the log', async () => {
  const { log, come, commit, began } = behind(150);
  const all = ['a', 'b', 'c', 'd'].map((name) => come(name, 1));
  for (const one of all) one.leave();
  commit(50);
  await Promise.resolve();
  expect(began.length).toBeLessThanOrEqual(1);
  await all[0]?.left;
  // The first one's records are in the log now.
  log.end = 151;
  await turns();
  expect(began).toEqual(['a']);
  commit(51);
  await Promise.all(all.map(({ left }) => left));
  expect(began).toEqual(['a', 'b', 'c', 'd']);
});

test('how long to stay away follows from who waits and how fast others got in', async () => {
  const { log, admission, come, commit } = behind(0);
  expect(admission.retryAfterS).toBe(1);
  for (let n = 0; n < 5; n += 1) await admission.admit(1_000, async () => {});
  log.end = 150;
  const few = come('few', 2_000);
  const early = admission.retryAfterS;
  const many = come('many', 8_000);
  expect(early).toBeGreaterThan(1);
  // What got in lately fades meanwhile, so that it is a little more than five times as long.
  expect(admission.retryAfterS).toBeGreaterThan(early);
  const most = come('most', 10_000_000);
  expect(admission.retryAfterS).toBe(30);
  commit(150);
  for (const one of [few, many, most]) one.leave();
  await Promise.all([few, many, most].map(({ left }) => left));
  expect(admission.retryAfterS).toBe(1);
});

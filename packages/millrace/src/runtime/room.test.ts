import { expect, test } from 'vitest';
import type { LogReader } from '../ports/log.ts';
import { roomAhead } from './room.ts';

/** A log of so many records and a reader that is moved by hand. */
function behind(records: number, waitMsMax: number) {
  let committed = 0;
  const waiting: { readonly offset: number; readonly resolve: () => void }[] = [];
  const log: LogReader = {
    start: 0,
    end: records,
    read: () => Promise.reject(new Error('not read here')),
    waitPast: () => Promise.resolve(),
  };
  const reader = {
    get committed() {
      return committed;
    },
    settled: (offset: number) =>
      new Promise<void>((resolve) => {
        waiting.push({ offset, resolve });
      }),
  };
  return {
    room: roomAhead({ log, reader, recordsMax: 100, waitMsMax }),
    commit(offset: number) {
      committed = offset;
      for (const one of waiting) if (one.offset <= offset) one.resolve();
    },
  };
}

test('there is room while the reader is near', async () => {
  await behind(99, 1).room();
});

test('senders wait until the reader has come nearer', async () => {
  const { room, commit } = behind(250, 60_000);
  let taken = false;
  const held = room().then(() => {
    taken = true;
  });
  commit(149);
  await Promise.resolve();
  expect(taken).toBe(false);
  commit(150);
  await held;
});

test('and are told to come again when it does not', async () => {
  await expect(behind(250, 5).room()).rejects.toMatchObject({ code: 'overloaded', status: 503 });
});

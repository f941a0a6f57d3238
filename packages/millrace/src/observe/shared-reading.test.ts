import { expect, test } from 'vitest';
import { sharedReading } from './shared-reading.ts';

interface Held {
  readonly resolve: (value: string) => void;
  readonly reject: (error: Error) => void;
}

/** Readings that end when they are told to. */
function readings() {
  const begun: Held[] = [];
  let nowMs = 0;
  const ask = sharedReading(
    1_000,
    () => new Promise<string>((resolve, reject) => begun.push({ resolve, reject })),
    () => nowMs,
  );
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { begun, ask, pass };
}

test('who asks within a period gets the same, who asks later another', async () => {
  const { begun, ask, pass } = readings();
  const first = ask();
  begun[0]?.resolve('first');
  expect(await first).toBe('first');
  pass(999);
  expect(await ask()).toBe('first');
  pass(1);
  const second = ask();
  begun[1]?.resolve('second');
  expect(await second).toBe('second');
  expect(begun.length).toBe(2);
});

test('none begins before the last has ended, however long that takes', async () => {
  const { begun, ask, pass } = readings();
  const first = ask();
  pass(5_000);
  const second = ask();
  expect(begun.length).toBe(1);
  begun[0]?.resolve('slow');
  expect(await Promise.all([first, second])).toEqual(['slow', 'slow']);
  void ask();
  expect(begun.length).toBe(2);
  begun[1]?.resolve('');
});

test('one that failed is not asked again and again', async () => {
  const { begun, ask, pass } = readings();
  const first = ask();
  begun[0]?.reject(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await expect(ask()).rejects.toThrow('away');
  expect(begun.length).toBe(1);
  pass(1_000);
  const second = ask();
  begun[1]?.resolve('back');
  expect(await second).toBe('back');
});

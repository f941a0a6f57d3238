import { describe, expect, it } from 'vitest';
import { createGate } from './gate.ts';

/** Work that ends when it is told to. */
function piece(): {
  work: () => Promise<number>;
  end: () => void;
  fail: () => void;
  began: boolean;
} {
  let settle: { resolve: (value: number) => void; reject: (error: Error) => void } | undefined;
  const done = new Promise<number>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const state = {
    began: false,
    work: () => {
      state.began = true;
      return done;
    },
    end: () => settle?.resolve(1),
    fail: () => settle?.reject(new Error('no')),
  };
  return state;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('createGate', () => {
  it('lets so many in and no more, in the order they came', async () => {
    const gate = createGate(2);
    const pieces = Array.from({ length: 5 }, piece);
    const began = (): boolean[] => pieces.map((each) => each.began);
    const results = pieces.map((each) => gate(each.work));
    await turn();
    expect(began()).toEqual([true, true, false, false, false]);
    pieces[1]?.end();
    await turn();
    expect(began()).toEqual([true, true, true, false, false]);
    pieces[0]?.end();
    pieces[2]?.end();
    await turn();
    expect(began()).toEqual([true, true, true, true, true]);
    pieces[3]?.end();
    pieces[4]?.end();
    expect(await Promise.all(results)).toEqual([1, 1, 1, 1, 1]);
  });

  it('goes on after a failure', async () => {
    const gate = createGate(1);
    const [first, second] = [piece(), piece()];
    const results = Promise.allSettled([gate(first.work), gate(second.work)]);
    first.fail();
    second.end();
    expect(await results).toMatchObject([{ status: 'rejected' }, { status: 'fulfilled' }]);
    await expect(gate(async () => 7)).resolves.toBe(7);
  });
});

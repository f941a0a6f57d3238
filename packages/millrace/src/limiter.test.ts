import { describe, expect, it } from 'vitest';
import { createLimiter } from './limiter.ts';

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

const left = (): Error => new Error('left');

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('createLimiter', () => {
  it('lets so many in and no more, in the order they came', async () => {
    const limited = createLimiter({ atOnceMax: 2 });
    const pieces = Array.from({ length: 5 }, piece);
    const began = (): boolean[] => pieces.map((each) => each.began);
    const results = pieces.map((each) => limited(each.work));
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
    const limited = createLimiter({ atOnceMax: 1 });
    const [first, second] = [piece(), piece()];
    const results = Promise.allSettled([limited(first.work), limited(second.work)]);
    first.fail();
    second.end();
    expect(await results).toMatchObject([{ status: 'rejected' }, { status: 'fulfilled' }]);
    await expect(limited(async () => 7)).resolves.toBe(7);
  });

  it('keeps no place for those who leave the line', async () => {
    const limited = createLimiter({ atOnceMax: 1 });
    const [first, second, third] = [piece(), piece(), piece()];
    const leaving = new AbortController();
    const one = limited(first.work);
    const two = limited(second.work, leaving.signal);
    const three = limited(third.work);
    leaving.abort(left());
    await expect(two).rejects.toThrow('left');
    first.end();
    await turn();
    expect([second.began, third.began]).toEqual([false, true]);
    third.end();
    await Promise.all([one, three]);
    await expect(limited(second.work, leaving.signal)).rejects.toThrow('left');
    expect(second.began).toBe(false);
    await expect(limited(async () => 7)).resolves.toBe(7);
  });

  it('refuses whom the line has no room for, until somebody has left it', async () => {
    const limited = createLimiter({ atOnceMax: 1, waitingMax: 2 });
    const pieces = Array.from({ length: 4 }, piece);
    const leaving = new AbortController();
    const results = pieces.slice(0, 2).map(({ work }) => limited(work));
    const gone = limited(async () => 0, leaving.signal);
    await expect(limited(async () => 0)).rejects.toMatchObject({
      ...{ code: 'overloaded', retryAfterS: 1 },
      message: '1 are being answered, and 2 wait for their turn.',
    });
    leaving.abort(left());
    await expect(gone).rejects.toThrow('left');
    results.push(limited(async () => 3));
    for (const { end } of pieces) end();
    expect(await Promise.all(results)).toEqual([1, 1, 3]);
  });

  it('refuses who has waited for too long, and says how long that was', async () => {
    const limited = createLimiter({ atOnceMax: 1, waitMsMax: 1_001 });
    const [first, second] = [piece(), piece()];
    const one = limited(first.work);
    await expect(limited(second.work)).rejects.toMatchObject({
      ...{ code: 'overloaded', retryAfterS: 2 },
    });
    first.end();
    await one;
    expect(second.began).toBe(false);
    await expect(limited(async () => 7)).resolves.toBe(7);
  });

  it('lets those that have begun end once it closes, and nobody else begin', async () => {
    const closing = new AbortController();
    const limited = createLimiter({ atOnceMax: 1, closing: closing.signal });
    const [first, second] = [piece(), piece()];
    const one = limited(first.work);
    const two = limited(second.work);
    closing.abort(new Error('closing'));
    await expect(two).rejects.toThrow('closing');
    await expect(limited(second.work)).rejects.toThrow('closing');
    first.end();
    expect(await one).toBe(1);
    expect(second.began).toBe(false);
  });
});

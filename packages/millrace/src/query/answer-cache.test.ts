import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { memoryCache } from '../adapters/cache/memory-cache.ts';
import { createLimiter } from '../limiter.ts';
import type { Cache } from '../ports/cache.ts';
import { AnswerCache, type CachedQuestion } from './answer-cache.ts';

let nowMs = 1_000_000;
const clock = { now: () => nowMs };
const inMemory = (): Cache => memoryCache({ clock, unitsMax: 1_000_000 });

const answersIn = (cache: Cache, atOnceMax = 100): AnswerCache =>
  new AnswerCache({ cache, clock, line: createLimiter({ atOnceMax }) });

interface Asked extends Partial<Omit<CachedQuestion, 'source'>> {
  readonly version?: string | null;
}

const asked = ({ version = '1', ...more }: Asked = {}): CachedQuestion => ({
  ...{ key: 'k', source: () => ({ asOfMs: nowMs, version }), ageMsMax: 0, signal: undefined },
  ...more,
});

/** Answers one after another, each with its number. */
function counting(): { readonly make: () => Promise<string>; readonly made: () => number } {
  let made = 0;
  return {
    make: async () => {
      made += 1;
      return `{"answer":${made}}`;
    },
    made: () => made,
  };
}

/** An answer that comes when it is told to. */
function slow(): {
  readonly make: (signal: AbortSignal) => Promise<string>;
  readonly signals: AbortSignal[];
  readonly end: (text: string) => void;
} {
  const signals: AbortSignal[] = [];
  let resolve = (_text: string): void => {};
  return {
    make: (signal) => {
      signals.push(signal);
      return new Promise((ended, reject) => {
        resolve = ended;
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    },
    signals,
    end: (text) => resolve(text),
  };
}

describe('answers that were given before', () => {
  test('are given again while nothing has come', async () => {
    const answers = answersIn(inMemory());
    const { make, made } = counting();
    expect(await answers.answer(asked(), make)).toMatchObject({ cached: false, asOfMs: nowMs });
    nowMs += 1;
    expect(await answers.answer(asked(), make)).toMatchObject({
      ...{ text: '{"answer":1}', cached: true, asOfMs: nowMs },
    });
    expect(await answers.answer(asked({ version: '2' }), make)).toMatchObject({ cached: false });
    expect(await answers.answer(asked({ key: 'other', version: '2' }), make)).toMatchObject({
      ...{ text: '{"answer":3}', cached: false },
    });
    expect(made()).toBe(3);
  });

  test('are not where it is not known whether anything has come', async () => {
    const answers = answersIn(inMemory());
    const { make, made } = counting();
    for (let n = 0; n < 3; n += 1) {
      expect(await answers.answer(asked({ version: null }), make)).toMatchObject({ cached: false });
    }
    expect(made()).toBe(3);
  });

  test('are given to who is content with one of that age, and say how old they are', async () => {
    const answers = answersIn(inMemory());
    const { make } = counting();
    const before = nowMs;
    await answers.answer(asked(), make);
    nowMs += 4_999;
    const older = asked({ version: '2', ageMsMax: 5_000 });
    expect(await answers.answer(older, make)).toMatchObject({
      ...{ cached: true, asOfMs: before },
    });
    nowMs += 1;
    expect(await answers.answer(older, make)).toMatchObject({ cached: false });
  });

  test('are made once for all who ask at once', async () => {
    const answers = answersIn(inMemory());
    const { make, made } = counting();
    const given = await Promise.all(
      Array.from({ length: 20 }, () => answers.answer(asked(), make)),
    );
    expect(new Set(given.map(({ text }) => text)).size).toBe(1);
    expect(given.filter(({ cached }) => !cached)).toHaveLength(1);
    expect(made()).toBe(1);
  });

  test('are not waited for by who has left, and are given up when all have', async () => {
    const answers = answersIn(inMemory());
    const [first, second] = [new AbortController(), new AbortController()];
    const { make, signals, end } = slow();
    const one = answers.answer(asked({ signal: first.signal }), make);
    const two = answers.answer(asked({ signal: second.signal }), make);
    await expect.poll(() => signals.length).toBe(1);
    first.abort(new Error('left'));
    await expect(one).rejects.toThrow('left');
    expect(signals[0]?.aborted).toBe(false);
    end('{}');
    expect(await two).toMatchObject({ text: '{}' });

    const third = new AbortController();
    const three = answers.answer(asked({ key: 'again', signal: third.signal }), make);
    await expect.poll(() => signals.length).toBe(2);
    third.abort(new Error('left too'));
    await expect(three).rejects.toThrow('left too');
    expect(signals[1]?.aborted).toBe(true);
  });

  test('are made anew for who comes once all have left, and before the store has stopped', async () => {
    const answers = answersIn(inMemory());
    const first = new AbortController();
    let fail = (_error: unknown): void => {};
    const begun = vi.fn((): Promise<never> => new Promise((_resolve, reject) => (fail = reject)));
    const one = answers.answer(asked({ signal: first.signal }), begun);
    await expect.poll(() => begun.mock.calls.length).toBe(1);
    first.abort(new Error('left'));
    await expect(one).rejects.toThrow('left');
    const { make, made } = counting();
    const two = answers.answer(asked(), make);
    await expect.poll(made).toBe(1);
    fail(new Error('stopped'));
    expect(await two).toMatchObject({ cached: false });
    const gone = asked({ key: 'again', signal: first.signal });
    await expect(answers.answer(gone, make)).rejects.toThrow('left');
  });

  test('that could not be given are asked for anew', async () => {
    const answers = answersIn(inMemory());
    const fails = async (): Promise<never> => {
      throw new Error('the store is away');
    };
    await expect(answers.answer(asked(), fails)).rejects.toThrow('the store is away');
    const { make } = counting();
    expect(await answers.answer(asked(), make)).toMatchObject({ cached: false });
  });

  test('are made anew where the cache holds what is none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (garbage) => {
        const cache = inMemory();
        await cache.set('k', garbage, 60_000);
        const answers = answersIn(cache);
        const { make } = counting();
        expect(await answers.answer(asked(), make)).toMatchObject({ cached: false });
      }),
    );
  });

  test('are never older than was asked for, whoever asks what when', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('come' as const), ms: fc.nat(3_000) }),
      fc.record({ kind: fc.constant('ask' as const), ageMsMax: fc.constantFrom(0, 500, 5_000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const answers = answersIn(inMemory());
        /** What there is, and until when each number of it was the newest. */
        let events = 0;
        const replacedMs: number[] = [];
        for (const each of steps) {
          if (each.kind === 'come') {
            nowMs += each.ms;
            replacedMs[events] = nowMs;
            events += 1;
            continue;
          }
          const question = asked({ version: String(events), ageMsMax: each.ageMsMax });
          const { text } = await answers.answer(question, async () => String(events));
          const told = Number(text);
          if (told === events) continue;
          expect(nowMs - (replacedMs[told] ?? 0)).toBeLessThan(each.ageMsMax);
        }
      }),
    );
  });

  test('are given from memory, and by those under way, though the line is full', async () => {
    const line = createLimiter({ atOnceMax: 1, waitingMax: 0 });
    const answers = new AnswerCache({ cache: inMemory(), clock, line });
    const { make } = counting();
    await answers.answer(asked({ key: 'kept' }), make);
    const { make: made, signals, end } = slow();
    const one = answers.answer(asked(), made);
    await expect.poll(() => signals.length).toBe(1);
    expect(await answers.answer(asked({ key: 'kept' }), make)).toMatchObject({ cached: true });
    const two = answers.answer(asked(), make);
    await expect(answers.answer(asked({ key: 'other' }), make)).rejects.toMatchObject({
      code: 'overloaded',
    });
    end('{}');
    expect(await Promise.all([one, two])).toMatchObject([{ cached: false }, { cached: true }]);
  });

  test('that wait for their turn are of what is there when it comes, so that anybody may wait with them', async () => {
    const answers = answersIn(inMemory(), 1);
    const { make: first, signals, end } = slow();
    const before = answers.answer(asked({ key: 'before' }), first);
    await expect.poll(() => signals.length).toBe(1);

    let version = 1;
    const source = () => ({ asOfMs: nowMs, version: String(version) });
    const read = async (): Promise<string> => String(version);
    const one = answers.answer({ ...asked(), source }, read);
    await Promise.resolve();
    version = 2;
    nowMs += 10_000;
    const two = answers.answer({ ...asked(), source }, read);
    await Promise.resolve();
    version = 3;
    nowMs += 10_000;
    end('{}');
    await before;
    const newest = { text: '3', asOfMs: nowMs };
    expect(await Promise.all([one, two])).toEqual([
      { ...newest, cached: false },
      { ...newest, cached: true },
    ]);
    expect(await answers.answer({ ...asked(), source }, read)).toEqual({ ...newest, cached: true });
  });

  test('are not waited for in the line by those who have left', async () => {
    const answers = answersIn(inMemory(), 1);
    const { make: first, signals, end } = slow();
    const before = answers.answer(asked({ key: 'before' }), first);
    await expect.poll(() => signals.length).toBe(1);
    const leaving = new AbortController();
    const { make, made } = counting();
    const gone = answers.answer(asked({ key: 'gone', signal: leaving.signal }), make);
    const next = answers.answer(asked({ key: 'next' }), make);
    leaving.abort(new Error('left'));
    await expect(gone).rejects.toThrow('left');
    end('{}');
    expect(await next).toMatchObject({ text: '{"answer":1}' });
    await before;
    expect(made()).toBe(1);
  });
});

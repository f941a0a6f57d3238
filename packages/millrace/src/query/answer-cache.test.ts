import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { memoryCache } from '../adapters/cache/memory-cache.ts';
import type { Cache } from '../ports/cache.ts';
import { AnswerCache, type CachedQuestion, type MadeAnswer } from './answer-cache.ts';

let nowMs = 1_000_000;
const clock = { now: () => nowMs };
const inMemory = (): Cache => memoryCache({ clock, unitsMax: 1_000_000 });

const asked = (more: Partial<CachedQuestion> = {}): CachedQuestion => ({
  ...{ key: 'k', version: '1', ageMsMax: 0, signal: undefined, ...more },
});

/** Answers one after another, each with its number. */
function counting(): { readonly make: () => Promise<MadeAnswer>; readonly made: () => number } {
  let made = 0;
  return {
    make: async () => {
      made += 1;
      return { asOfMs: nowMs, text: `{"answer":${made}}` };
    },
    made: () => made,
  };
}

describe('answers that were given before', () => {
  test('are given again while nothing has come', async () => {
    const answers = new AnswerCache(inMemory(), clock);
    const { make, made } = counting();
    expect(await answers.answer(asked(), make)).toMatchObject({ cached: false, current: true });
    expect(await answers.answer(asked(), make)).toMatchObject({
      ...{ text: '{"answer":1}', cached: true, current: true },
    });
    expect(await answers.answer(asked({ version: '2' }), make)).toMatchObject({ cached: false });
    expect(await answers.answer(asked({ key: 'other', version: '2' }), make)).toMatchObject({
      ...{ text: '{"answer":3}', cached: false },
    });
    expect(made()).toBe(3);
  });

  test('are not where it is not known whether anything has come', async () => {
    const answers = new AnswerCache(inMemory(), clock);
    const { make, made } = counting();
    for (let n = 0; n < 3; n += 1) {
      expect(await answers.answer(asked({ version: null }), make)).toMatchObject({ cached: false });
    }
    expect(made()).toBe(3);
  });

  test('are given to who is content with one of that age, and say how old they are', async () => {
    const answers = new AnswerCache(inMemory(), clock);
    const { make } = counting();
    const before = nowMs;
    await answers.answer(asked(), make);
    nowMs += 4_999;
    const older = asked({ version: '2', ageMsMax: 5_000 });
    expect(await answers.answer(older, make)).toMatchObject({
      ...{ cached: true, current: false, asOfMs: before },
    });
    nowMs += 1;
    expect(await answers.answer(older, make)).toMatchObject({ cached: false });
  });

  test('are made once for all who ask at once', async () => {
    const answers = new AnswerCache(inMemory(), clock);
    const { make, made } = counting();
    const given = await Promise.all(
      Array.from({ length: 20 }, () => answers.answer(asked(), make)),
    );
    expect(new Set(given.map(({ text }) => text)).size).toBe(1);
    expect(given.filter(({ cached }) => !cached)).toHaveLength(1);
    expect(made()).toBe(1);
  });

  test('are not waited for by who has left, and are given up when all have', async () => {
    const answers = new AnswerCache(inMemory(), clock);
    const [first, second] = [new AbortController(), new AbortController()];
    let given: AbortSignal | undefined;
    let end = (_made: MadeAnswer): void => {};
    const make = (signal: AbortSignal): Promise<MadeAnswer> => {
      given = signal;
      return new Promise((resolve, reject) => {
        end = resolve;
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    };
    const one = answers.answer(asked({ signal: first.signal }), make);
    const two = answers.answer(asked({ signal: second.signal }), make);
    await expect.poll(() => given).toBeDefined();
    first.abort(new Error('left'));
    await expect(one).rejects.toThrow('left');
    expect(given?.aborted).toBe(false);
    end({ asOfMs: null, text: '{}' });
    expect(await two).toMatchObject({ text: '{}' });

    const third = new AbortController();
    const three = answers.answer(asked({ key: 'again', signal: third.signal }), make);
    await expect.poll(() => given?.aborted).toBe(false);
    third.abort(new Error('left too'));
    await expect(three).rejects.toThrow('left too');
    expect(given?.aborted).toBe(true);
  });

  test('are made anew for who comes once all have left, and before the store has stopped', async () => {
    const answers = new AnswerCache(inMemory(), clock);
    const first = new AbortController();
    let fail = (_error: unknown): void => {};
    const slow = (): Promise<never> => new Promise((_resolve, reject) => (fail = reject));
    const begun = vi.fn(slow);
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
    const answers = new AnswerCache(inMemory(), clock);
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
        const answers = new AnswerCache(cache, clock);
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
        const answers = new AnswerCache(inMemory(), clock);
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
          const { text } = await answers.answer(question, async () => ({
            ...{ asOfMs: nowMs, text: String(events) },
          }));
          const told = Number(text);
          if (told === events) continue;
          expect(nowMs - (replacedMs[told] ?? 0)).toBeLessThan(each.ageMsMax);
        }
      }),
    );
  });
});

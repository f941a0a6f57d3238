import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { withFirstOf } from './with-first-of.ts';

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason));
  });

it('aborts with the first of them, and its reason', async () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const reason = withFirstOf([one.signal, other.signal], aborted);
  other.abort('the other');
  one.abort('the one');
  expect(await reason).toBe('the other');
});

it('is aborted where one is already', async () => {
  const signals = [new AbortController().signal, AbortSignal.abort('before')];
  expect(await withFirstOf(signals, async ({ reason }) => reason)).toBe('before');
});

it('leaves nothing at them, whatever becomes of the work', async () => {
  const { signal } = new AbortController();
  const listeners = (): number => getEventListeners(signal, 'abort').length;
  expect(await withFirstOf([signal], async () => listeners())).toBe(1);
  expect(listeners()).toBe(0);
  const failed = withFirstOf([signal], async () => {
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  expect(listeners()).toBe(0);
});

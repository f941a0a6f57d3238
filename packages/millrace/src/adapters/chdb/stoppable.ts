import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { withFirstOf } from '../../with-first-of.ts';

/** A statement is known to the engine only some milliseconds after it was handed over. */
const againMs = 20;

/**
 * Runs a statement that the engine cannot be told to stop by the call that
 * began it: once the signal aborts, `kill` is called until the statement ends.
 */
export async function stoppable<Result>(
  signal: AbortSignal,
  kill: () => Promise<void>,
  run: () => Promise<Result>,
): Promise<Result> {
  const ended = new AbortController();
  const killing = async (): Promise<void> => {
    await withFirstOf([signal, ended.signal], async (either) => {
      if (!either.aborted) await once(either, 'abort');
    });
    while (!ended.signal.aborted) {
      await kill();
      await sleep(againMs);
    }
  };
  const running = run().finally(() => ended.abort());
  const [result] = await Promise.all([running, killing()]);
  return result;
}

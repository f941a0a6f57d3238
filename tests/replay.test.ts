import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ArchivedFolder } from './support/archived-folder.ts';
import { Ledger } from './support/ledger.ts';
import { settled } from './support/millrace-process.ts';
import { testSeed } from './support/random.ts';

const pipeline = fileURLToPath(new URL('./support/ledger.config.ts', import.meta.url));
const seed = testSeed();
/** In the order in which a replay passes them. Those between are interrupted in `src/runtime/replay.test.ts`. */
const points = [
  'rollup-created',
  'replay-copied',
  'replay-inserted',
  'rollup-shown',
  'rollup-switched',
] as const;

let folder: ArchivedFolder;
beforeEach(() => {
  folder = new ArchivedFolder(pipeline);
});
afterEach(() => folder.remove());

const replay = (...args: readonly string[]): Promise<string> => folder.run(['replay', ...args]);

interface Version {
  readonly version: number;
  readonly state: string;
}

/** How many events the archive lacks. */
async function waiting(url: string): Promise<number | null> {
  const { archive }: { readonly archive: { readonly waiting: number | null } } = JSON.parse(
    await (await fetch(`${url}/v1/status`)).text(),
  );
  return archive.waiting;
}

const versions = async (url: string): Promise<readonly Version[]> => {
  const answer: { readonly versions: readonly Version[] } = JSON.parse(
    await (await fetch(`${url}/v1/replays`)).text(),
  );
  return answer.versions;
};

describe(`the history (seed ${seed})`, () => {
  test('replayed and killed at each point of it, while senders go on, loses and doubles nothing', async () => {
    const ledger = new Ledger();
    const closing = new AbortController();
    let url: string | null = null;
    const writing = ledger.write('w', seed, () => url, closing.signal);
    const first = folder.start();
    url = await first.url();
    while (ledger.acknowledged.size < 500) await sleep(10);
    const archived = join(folder.archive, 'ranges', '00000', `${'0'.repeat(19)}.json`);
    await expect.poll(() => existsSync(archived)).toBe(true);
    const since = new Date(Math.floor(Date.now() / 60_000 - 20 * 1_440) * 60_000).toISOString();
    url = null;
    expect((await first.stop()).code).toBe(0);
    for (const point of points) {
      const process = folder.start({ MILLRACE_CRASH_AT: `${point}:1` });
      url = await process.ready();
      // Refused where the one before is still under way: then that one gets there.
      const begin = `${url}/v1/replays/by_minute?from=archive&since=${since}`;
      const answer = url && (await fetch(begin, { method: 'PUT' }).catch(() => null));
      if (answer) expect([200, 409], await answer.text()).toContain(answer.status);
      expect((await process.exited).signal).toBe('SIGKILL');
      expect(process.errors).toContain(`crash point ${point} reached`);
    }
    const last = folder.start();
    url = await last.url();
    expect(await replay('watch')).toMatch(
      /by_minute v\d is what readers see \(replayed from the archive/,
    );
    closing.abort();
    await writing;
    await settled(url);
    await ledger.balance(url);
    const isKept = (all: readonly Version[]) => all.some(({ state }) => state === 'kept');
    expect(isKept(await versions(url))).toBe(true);
    await replay('back', 'by_minute');
    await ledger.balance(url);
    expect((await last.stop()).code).toBe(0);

    // Where nothing runs, the command does it.
    expect(
      await replay('start', '--rollup', 'by_minute', 'purchases_by_day', '--from', 'archive'),
    ).toMatch(/purchases_by_day v2 is what readers see \(replayed from the archive\)/);
    const after = folder.start();
    url = await after.url();
    await ledger.balance(url);
    await replay('drop', 'by_minute');
    await ledger.balance(url);
    expect((await after.stop()).code).toBe(0);
  }, 480_000);

  test('of a store that was lost alone is that of the archive, and of the log behind it', async () => {
    const ledger = new Ledger();
    const first = folder.start({}, ['--log-retention-hours', '0', '--log-segment-mb', '1']);
    const url = await first.url();
    const oldest = join(folder.data, 'log', 'events', `${'0'.repeat(20)}.log`);
    const closing = new AbortController();
    const writing = [1, 2, 3].map((n) =>
      ledger.write(`w${n}`, seed + n, () => url, closing.signal),
    );
    await expect.poll(() => existsSync(oldest)).toBe(false);
    closing.abort();
    await Promise.all(writing);
    const { stored } = await settled(url);
    expect((await first.stop()).code).toBe(0);
    rmSync(join(folder.data, 'store'), { recursive: true });
    const refused = folder.start();
    expect((await refused.exited).code).toBe(1);
    expect(refused.errors).toMatch(/`millrace restore` with the same --data.+\(store_lost\)/);
    const killed = { MILLRACE_CRASH_AT: 'load-inserted:1' };
    await expect(folder.run(['restore'], killed)).rejects.toMatchObject({ signal: 'SIGKILL' });
    const events = stored.toLocaleString('en-US');
    expect(await folder.run(['restore'])).toContain(`Restored: the store has the ${events} events`);
    const restored = folder.start();
    await ledger.balance(await restored.url());
    expect((await restored.stop()).code).toBe(0);
  });

  test('of a folder that was lost goes on where it was killed', async () => {
    const ledger = new Ledger();
    const closing = new AbortController();
    const first = folder.start();
    const url = await first.url();
    const writing = ledger.write('w', seed, () => url, closing.signal);
    while (ledger.acknowledged.size < 500) await sleep(10);
    closing.abort();
    await writing;
    await settled(url);
    await expect.poll(() => waiting(url)).toBe(0);
    expect((await first.stop()).code).toBe(0);
    rmSync(folder.data, { recursive: true });
    for (const point of ['restore-begun', 'load-intended', 'load-inserted']) {
      const killed = { MILLRACE_CRASH_AT: `${point}:1` };
      await expect(folder.run(['restore'], killed)).rejects.toMatchObject({ signal: 'SIGKILL' });
    }
    expect(await folder.run(['restore'])).toMatch(/^Restored: the store has the [\d,]+ events/);
    const restored = folder.start();
    await ledger.balance(await restored.url());
    expect((await restored.stop()).code).toBe(0);
  });
});

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ArchivedFolder } from './support/archived-folder.ts';
import { Ledger } from './support/ledger.ts';
import { rows, settled } from './support/millrace-process.ts';
import { testSeed } from './support/random.ts';

const pipeline = fileURLToPath(new URL('./support/ledger.config.ts', import.meta.url));
const seed = testSeed();
/** In the order in which an order passes them. Those between are interrupted in `src/runtime/forget.test.ts`. */
const points = [
  'forget-ordered',
  'forget-found',
  'forget-rows-removed',
  'replacement-noted',
  'forget-done',
] as const;

let folder: ArchivedFolder;
beforeEach(() => {
  folder = new ArchivedFolder(pipeline);
});
afterEach(() => folder.remove());

const millrace = (...args: readonly string[]): Promise<string> => folder.run(args);

/** Who has the most events, and how many. */
function busiest(ledger: Ledger): { readonly user: string; readonly events: number } {
  const counts = new Map<string, number>();
  for (const { user_id } of ledger.sent.values())
    counts.set(user_id, (counts.get(user_id) ?? 0) + 1);
  const [[user, events] = ['', 0]] = [...counts].sort(([, a], [, b]) => b - a);
  return { user, events };
}

/** What the ledger has is what is to be there from now on. */
function strike(ledger: Ledger, user: string): void {
  for (const [id, { user_id }] of ledger.sent) {
    if (user_id !== user) continue;
    ledger.sent.delete(id);
    ledger.acknowledged.delete(id);
  }
}

test(`a person is forgotten wherever it is killed, and nobody else (seed ${seed})`, async () => {
  const ledger = new Ledger();
  const closing = new AbortController();
  const first = folder.start();
  const url = await first.url();
  const writing = ledger.write('w', seed, () => url, closing.signal);
  await expect.poll(() => ledger.acknowledged.size, { timeout: 120_000 }).toBeGreaterThan(1_000);
  closing.abort();
  await writing;
  await settled(url);
  await ledger.balance(url);
  expect((await first.stop()).code).toBe(0);

  const { user, events } = busiest(ledger);
  for (const point of points) {
    const killed = folder.start({ MILLRACE_CRASH_AT: `${point}:1` });
    if (point === points[0]) {
      const body = JSON.stringify({ user_id: user, rebuild: true });
      const answer = fetch(`${await killed.url()}/v1/forgotten`, { method: 'PUT', body });
      await expect(answer).rejects.toThrow();
    }
    expect((await killed.exited).signal).toBe('SIGKILL');
    expect(killed.errors).toContain(`crash point ${point} reached`);
  }
  const last = folder.start();
  const place = await last.url();
  await expect
    .poll(() => millrace('forget', '--list'), { timeout: 120_000 })
    .toContain(`was carried out at`);
  expect(await millrace('forget', '--list')).toContain(
    `: ${events} events and 0 dead letters are gone`,
  );
  expect(readFileSync(join(folder.data, 'progress', 'forgotten.json'), 'utf8')).not.toContain(
    `"${user}"`,
  );
  strike(ledger, user);
  await ledger.balance(place);
  expect(await millrace('verify', '--with-archive')).toMatch(/^Equal: /);
  await millrace(
    'replay',
    'start',
    '--rollup',
    'by_minute',
    'purchases_by_day',
    '--from',
    'archive',
  );
  await ledger.balance(place);
  await millrace('replay', 'start', '--rollup', 'by_minute', '--from', 'log');
  await ledger.balance(place);
  expect((await last.stop()).code).toBe(0);

  // Where nothing runs, the command does it. What the person counted for is left, and told.
  const other = busiest(ledger);
  const told = await millrace('forget', '--user', other.user);
  expect(told).toContain(`: ${other.events} events and 0 dead letters are gone.`);
  expect(told).toContain('by_minute: counts them still, from ');
  expect(await millrace('verify', '--with-archive')).toMatch(/^Equal: /);

  // A folder that is lost comes back without them.
  rmSync(folder.data, { recursive: true });
  expect(await millrace('restore')).toMatch(/^Restored: /);
  strike(ledger, other.user);
  const restored = folder.start();
  const restoredUrl = await restored.url();
  await ledger.balance(restoredUrl);
  const gone = `SELECT count() AS n FROM events WHERE user_id IN ('${user}', '${other.user}')`;
  expect(await rows(restoredUrl, gone)).toEqual([{ n: '0' }]);
  expect((await restored.stop()).code).toBe(0);
}, 900_000);

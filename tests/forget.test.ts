import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Ledger } from './support/ledger.ts';
import { MillraceProcess, rows, settled } from './support/millrace-process.ts';
import { testSeed } from './support/random.ts';

const command = fileURLToPath(new URL('../packages/millrace/bin/millrace.js', import.meta.url));
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

let folder: string;
let current: MillraceProcess | null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-forget-'));
  current = null;
});
afterEach(async () => {
  current?.kill('SIGKILL');
  await current?.exited;
  rmSync(folder, { recursive: true, force: true });
});

const start = (env: { readonly [name: string]: string } = {}): MillraceProcess => {
  current = new MillraceProcess({
    ...{ pipeline, data: join(folder, 'data'), env },
    args: ['--archive', join(folder, 'archive'), '--archive-seconds', '1'],
  });
  return current;
};

const run = promisify(execFile);

/** The command, as a user would run it. */
async function millrace(...args: readonly string[]): Promise<string> {
  const place = ['--pipeline', pipeline, '--data', join(folder, 'data')];
  const archive = ['--archive', join(folder, 'archive')];
  return (await run(command, [...args, ...place, ...archive])).stdout;
}

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
  const first = start();
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
    const killed = start({ MILLRACE_CRASH_AT: `${point}:1` });
    if (point === points[0]) {
      const body = JSON.stringify({ user_id: user, rebuild: true });
      const answer = fetch(`${await killed.url()}/v1/forgotten`, { method: 'PUT', body });
      await expect(answer).rejects.toThrow();
    }
    expect((await killed.exited).signal).toBe('SIGKILL');
    expect(killed.errors).toContain(`crash point ${point} reached`);
  }
  const last = start();
  const place = await last.url();
  await expect
    .poll(() => millrace('forget', '--list'), { timeout: 120_000 })
    .toContain(`was carried out at`);
  expect(await millrace('forget', '--list')).toContain(
    `: ${events} events and 0 dead letters are gone`,
  );
  expect(readFileSync(join(folder, 'data', 'progress', 'forgotten.json'), 'utf8')).not.toContain(
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
  rmSync(join(folder, 'data'), { recursive: true });
  expect(await millrace('restore')).toMatch(/^Restored: /);
  strike(ledger, other.user);
  const restored = start();
  const restoredUrl = await restored.url();
  await ledger.balance(restoredUrl);
  const gone = `SELECT count() AS n FROM events WHERE user_id IN ('${user}', '${other.user}')`;
  expect(await rows(restoredUrl, gone)).toEqual([{ n: '0' }]);
  expect((await restored.stop()).code).toBe(0);
}, 480_000);

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median } from './statistics.ts';
import { numbersTable } from './table.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pollMs = 20;

export interface Starts {
  /** `npm start` on a clean clone with a warm package cache: install and build included. */
  readonly cleanMs: number;
  /** `npm start` again, on what is there. */
  readonly warmMs: number;
}

/** Time from the command to the first event of the simulated shoppers that a reader of `/sql` sees. */
export async function starts(rounds: number, say: (line: string) => void): Promise<Starts[]> {
  const measured: Starts[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-clone-'));
    const clone = join(folder, 'millrace');
    try {
      const { status, stderr } = spawnSync('git', ['clone', '--quiet', root, clone]);
      if (status !== 0) throw new Error(`git clone failed: ${stderr}`);
      const one = {
        cleanMs: await firstEventMs(clone, join(folder, 'first')),
        warmMs: await firstEventMs(clone, join(folder, 'second')),
      };
      measured.push(one);
      say(`clean clone ${seconds(one.cleanMs)} s, again ${seconds(one.warmMs)} s`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return measured;
}

/** Starts the shop of a checkout with an empty data folder, and stops it. */
async function firstEventMs(checkout: string, data: string): Promise<number> {
  const from = performance.now();
  const child = spawn('npm', ['start', '--', '--port', '0'], {
    cwd: checkout,
    env: { ...process.env, MILLRACE_DATA: data },
    stdio: ['ignore', 'ignore', 'inherit'],
    // A process group of its own, to be stopped as Ctrl-C does.
    detached: true,
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    while ((await storedEvents(data)) === 0) {
      if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}`);
      await sleep(pollMs);
    }
    return performance.now() - from;
  } finally {
    interrupt(child);
    await ended;
  }
}

async function storedEvents(data: string): Promise<number> {
  const owner = join(data, 'owner.json');
  if (!existsSync(owner)) return 0;
  const { url }: { readonly url: string } = JSON.parse(readFileSync(owner, 'utf8'));
  const answer = await fetch(`${url}/sql`, { method: 'POST', body: 'SELECT count() FROM events' });
  return Number(await answer.text());
}

function interrupt({ pid, exitCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null) process.kill(-pid, 'SIGINT');
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1);

export function startsTable(measured: readonly Starts[]): string {
  const row = (name: string, ms: readonly number[]): string[] => [
    name,
    seconds(median(ms)),
    `${seconds(Math.min(...ms))}–${seconds(Math.max(...ms))}`,
  ];
  return numbersTable(
    ['`npm start`', 'seconds, median', 'min–max'],
    [
      row(
        'a clean clone, packages in the cache',
        measured.map(({ cleanMs }) => cleanMs),
      ),
      row(
        'once more',
        measured.map(({ warmMs }) => warmMs),
      ),
    ],
  );
}

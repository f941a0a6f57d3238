import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readFrom } from '../../ports/log.suite.ts';
import { testLog } from './fixture.suite.ts';

const writer = fileURLToPath(new URL('kill-writer.suite.ts', import.meta.url));

/** Runs a writer until it is killed; resolves with the keys that were acknowledged. */
async function killedWriter(
  folder: string,
  run: string,
  acknowledgedMin: number,
): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'jiti/register', writer, folder, run], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const acknowledged: string[] = [];
  for await (const key of createInterface(child.stdout)) {
    acknowledged.push(key);
    if (acknowledged.length === acknowledgedMin) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return acknowledged;
}

test('ten kills: what was acknowledged is read back, each record once', async () => {
  const its = testLog();
  const acknowledged = new Set<string>();
  const runs = Array.from({ length: 10 }, (_, run) => `run${run}`);
  for (const run of runs) {
    const kill = 1 + Math.floor(Math.random() ** 2 * 20_000);
    for (const key of await killedWriter(its.folder, run, kill)) acknowledged.add(key);
  }
  const log = await its.open();
  const keys = (await readFrom(log, 0)).map((line) => String(JSON.parse(line).key));
  expect(new Set(keys).size).toBe(keys.length);
  const found = new Set(keys);
  expect([...acknowledged].filter((key) => !found.has(key))).toEqual([]);
  // A mark stands for exactly the records below it, though more may be in.
  for (const run of runs) {
    const position = log.marks().get(run) ?? 0;
    const kept = keys.filter((key) => key.startsWith(`${run}-`));
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, key) => `${run}-${key}`));
    expect(kept).toHaveLength(position);
  }
  expect(acknowledged.size).toBeGreaterThan(runs.length);
});

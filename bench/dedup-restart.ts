/**
 * What a start takes with many ids: time, CPU and memory, when all are read back,
 * and when they lie in sorted runs beside the log; and what an id costs after it.
 *
 *   npx jiti bench/dedup-restart.ts [millions of ids, default 1 10 50]
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openDedupIndex } from '../packages/millrace/src/adapters/dedup-index/tiered-dedup-index.ts';
import { openSegmentLog } from '../packages/millrace/src/adapters/segment-log/segment-log.ts';
import { systemClock as clock } from '../packages/millrace/src/adapters/system-clock.ts';

const batch = 10_000;
/** Records are empty here, so that one has as many as one of 64 MiB has of events. */
const segmentBytes = 4 * 1024 * 1024;
const withoutRuns = { idsPerRunMin: Number.POSITIVE_INFINITY };

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** A log whose ids are random, as hashes are: filling it is not what is measured. */
async function fill(folder: string, ids: number): Promise<void> {
  const log = await openSegmentLog({
    folder,
    clock,
    segmentBytes,
    ...withoutRuns,
    dedup: {
      admit: (keys) => ({
        fresh: new Uint8Array(keys.length).fill(1),
        freshCount: keys.length,
        hashes: randomBytes(16 * keys.length),
      }),
      forget() {},
      load() {},
      unload() {},
      stopUnloading() {},
      attach() {},
      detach() {},
      advance() {},
      horizon: () => 0,
      sliceMs: 10_800_000,
      slicesPerRunMax: 4,
    },
  });
  const empty = Array.from({ length: batch }, () => ({ key: '', value: '' }));
  for (let done = 0; done < ids; done += batch) await log.append(empty);
  await log.close();
}

function open(folder: string, options: { readonly idsPerRunMin?: number } = {}) {
  const dedup = openDedupIndex({
    windowMs: 86_400_000,
    memoryBytesMax: 1_500 * 1024 * 1024,
    spillFolder: `${folder}.spill`,
    hashKey: Buffer.alloc(16, 7),
  });
  return openSegmentLog({ folder, clock, segmentBytes, dedup, ...options }).then((log) => ({
    dedup,
    log,
  }));
}

const runsIn = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.includes('.run'));

/** Opens the log and lets it make all runs that are due. */
async function makeRuns(folder: string): Promise<void> {
  const before = cpuSeconds();
  const { log, dedup } = await open(folder);
  const opened = cpuSeconds();
  // Below that many no run is due.
  let last = log.end < 2e6 ? '' : 'none';
  for (let now = ''; now !== last || now.includes('.tmp'); now = runsIn(folder).join()) {
    if (now !== '') last = now;
    await setTimeout(5_000);
  }
  const made = cpuSeconds() - opened;
  const bytes = runsIn(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  console.log(
    `  opened with ${(opened - before).toFixed(1)} s of CPU; runs made with ${made.toFixed(1)} s: ` +
      `${runsIn(folder).length}, ${(bytes / log.end).toFixed(1)} bytes an id`,
  );
  await log.close();
  dedup.close();
}

let nextId = 0;
/** Ids of 36 characters, as senders make them: flat strings. */
function freshGroup(size: number): string[] {
  const ids = Array.from(
    { length: size },
    () => `0192f3a4-5b6c-7d8e-9f00-${String(nextId++).padStart(12, '0')}`,
  );
  return Buffer.from(ids.join('\n')).toString('latin1').split('\n');
}

/** In a process of its own, whose memory is that of the start alone. */
async function start(folder: string): Promise<void> {
  const from = performance.now();
  const cpuFrom = cpuSeconds();
  const { log, dedup } = await open(folder, withoutRuns);
  const seconds = (performance.now() - from) / 1_000;
  const cpu = cpuSeconds() - cpuFrom;
  const status = readFileSync('/proc/self/status', 'utf8');
  const memoryMb = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  const cost = (groups: readonly string[][]): number => {
    const before = cpuSeconds();
    for (const keys of groups) dedup.admit(keys, clock.now());
    return ((cpuSeconds() - before) / (groups.length * 500)) * 1e6;
  };
  const freshGroups = (): string[][] => Array.from({ length: 400 }, () => freshGroup(500));
  // Warms up.
  cost(freshGroups());
  const groups = freshGroups();
  const costs = [cost(groups), cost(groups)];
  console.log(
    `  start ${seconds.toFixed(2)} s (CPU ${cpu.toFixed(2)} s), process ${memoryMb.toFixed(0)} MB at most, ` +
      `index ${(dedup.memoryBytes / 2 ** 20).toFixed(0)} MB, new id ${costs[0]?.toFixed(2)} µs, ` +
      `again ${costs[1]?.toFixed(2)} µs`,
  );
  await log.close();
  dedup.close();
}

async function main(): Promise<void> {
  const [, , command, path] = process.argv;
  if (command === 'start' && path !== undefined) return start(path);
  if (command === 'make-runs' && path !== undefined) return makeRuns(path);
  const sizes = process.argv.slice(2).map(Number);
  const run = (what: string, folder: string): void => {
    const script = fileURLToPath(import.meta.url);
    execFileSync(process.execPath, ['--import', 'jiti/register', script, what, folder], {
      stdio: 'inherit',
    });
  };
  for (const millions of sizes.length > 0 ? sizes : [1, 10, 50]) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-dedup-restart-'));
    try {
      await fill(folder, millions * 1e6);
      console.log(`${millions} million ids, read back:`);
      run('start', folder);
      run('make-runs', folder);
      console.log(`${millions} million ids, in runs:`);
      run('start', folder);
    } finally {
      for (const each of [folder, `${folder}.spill`])
        rmSync(each, { recursive: true, force: true });
    }
  }
}

await main();

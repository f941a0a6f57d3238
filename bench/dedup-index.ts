/**
 * The dedup index: CPU time for each id at several sizes, in memory and four
 * times over it, memory, the longest group, and the time a restart takes.
 *
 *   npx jiti bench/dedup-index.ts [millions of ids, default 10] [alone]
 *
 * `alone` leaves out the smaller sizes, whose garbage counts in the memory of the process.
 */
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DedupIndex } from '../packages/millrace/src/adapters/dedup-index/dedup-index.ts';
import { SipHasher } from '../packages/millrace/src/adapters/dedup-index/sip-hash.ts';
import { openDedupIndex } from '../packages/millrace/src/adapters/dedup-index/tiered-dedup-index.ts';

const idsMax = Number(process.argv[2] ?? 10) * 1e6;
const windowMs = 86_400_000;
const start = Date.UTC(2026, 0, 1);
const groupSize = 500;
const groups = 400;
/** What an id takes in memory when a spill is about to start, and some air. */
const bytesPerId = 26;

const hashKey = randomFillSync(new Uint8Array(16));
const spillFolder = mkdtempSync(join(tmpdir(), 'bench-dedup-index-'));
process.on('exit', () => rmSync(spillFolder, { recursive: true, force: true }));

let nextId = 0;
/** UUIDs of 36 characters, as senders make them: flat strings. */
function freshGroup(): string[] {
  const ids = Array.from(
    { length: groupSize },
    () => `0192f3a4-5b6c-7d8e-9f00-${String(nextId++).padStart(12, '0')}`,
  );
  return Buffer.from(ids.join('\n')).toString('latin1').split('\n');
}

/** CPU microseconds of this process, which other work on the machine changes least. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function admitAll(index: DedupIndex, batches: readonly string[][], at: number) {
  let longestMs = 0;
  let fresh = 0;
  const before = cpuUs();
  for (const keys of batches) {
    const started = cpuUs();
    fresh += index.admit(keys, at).freshCount;
    index.advance(at);
    longestMs = Math.max(longestMs, (cpuUs() - started) / 1e3);
  }
  const usPerId = (cpuUs() - before) / (batches.length * groupSize);
  return { usPerId, longestMs, fresh };
}

/** Random hashes are what the ids of a log look like. Time is that of loading alone. */
function loadRandom(
  index: DedupIndex,
  ids: number,
  at: number,
): { seconds: number; cpuSeconds: number } {
  const chunk = Buffer.allocUnsafe(16 * 1_000_000);
  let wallMs = 0;
  let us = 0;
  for (let done = 0; done < ids; done += chunk.length / 16) {
    randomFillSync(chunk);
    const bytes = chunk.subarray(0, Math.min(chunk.length, (ids - done) * 16));
    const started = performance.now();
    const before = cpuUs();
    index.load(bytes, at);
    us += cpuUs() - before;
    wallMs += performance.now() - started;
  }
  return { seconds: wallMs / 1e3, cpuSeconds: us / 1e6 };
}

function residentMb(field: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}

const rows: string[][] = [];
const row = (what: string, value: string): void => {
  rows.push([what, value]);
  console.log(`${what.padEnd(64)} ${value}`);
};

// Warm up, and the hash alone.
const hasher = new SipHasher(hashKey);
const out = new DataView(new ArrayBuffer(16));
const batches = Array.from({ length: groups }, freshGroup);
for (let turn = 0; turn < 3; turn++) {
  const before = cpuUs();
  for (const keys of batches) for (const key of keys) hasher.hash(key, out, 0);
  if (turn === 2) {
    row('hash of a 36-byte id, CPU µs', ((cpuUs() - before) / (groups * groupSize)).toFixed(2));
  }
}
row('resident before any id, MB', residentMb('VmRSS').toFixed(0));

const sizes = process.argv[3] === 'alone' ? [idsMax] : [1e6, 1e7, 5e7];
for (const size of sizes.filter((size) => size <= idsMax)) {
  const index = openDedupIndex({
    windowMs,
    memoryBytesMax: (size + groups * groupSize) * bytesPerId,
    spillFolder,
    hashKey,
  });
  const name = `${size / 1e6} million`;
  const loaded = loadRandom(index, size, start);
  row(
    `${name}: loaded in, s (CPU s)`,
    `${loaded.seconds.toFixed(1)} (${loaded.cpuSeconds.toFixed(1)})`,
  );
  const fresh = Array.from({ length: groups }, freshGroup);
  const admitted = admitAll(index, fresh, start);
  const repeated = admitAll(index, fresh, start);
  if (repeated.fresh !== 0) throw new Error('a duplicate was taken for new');
  row(`${name}: new id, CPU µs`, admitted.usPerId.toFixed(2));
  row(`${name}: duplicate, CPU µs`, repeated.usPerId.toFixed(2));
  row(`${name}: memory of the index, MB`, (index.memoryBytes / 2 ** 20).toFixed(0));
  row(`${name}: spilled ids`, String(index.spilledIds));
  row(
    `${name}: resident, MB (most ever)`,
    `${residentMb('VmRSS').toFixed(0)} (${residentMb('VmHWM').toFixed(0)})`,
  );
  index.close();
}

// Four times what memory holds, in 18 slices, as one and a half days of traffic.
{
  const size = Math.min(idsMax, 1e7);
  const index = openDedupIndex({
    windowMs,
    memoryBytesMax: (size / 4) * bytesPerId,
    spillFolder,
    hashKey,
  });
  const name = `${size / 1e6} million, 4 × over memory`;
  const old = Array.from({ length: groups }, freshGroup);
  admitAll(index, old, start);
  const slices = 16;
  let longestMs = 0;
  let us = 0;
  let count = 0;
  for (let slice = 0; slice < slices; slice++) {
    const at = start + slice * index.sliceMs;
    for (let done = 0; done < size / slices; done += groupSize * groups) {
      const fresh = Array.from({ length: groups }, freshGroup);
      const admitted = admitAll(index, fresh, at);
      longestMs = Math.max(longestMs, admitted.longestMs);
      us += admitted.usPerId;
      count++;
    }
  }
  const at = start + (slices - 1) * index.sliceMs;
  const repeated = admitAll(index, old, at);
  if (repeated.fresh !== 0) throw new Error('a duplicate was taken for new');
  const last = admitAll(index, Array.from({ length: groups }, freshGroup), at);
  row(`${name}: new id, CPU µs (mean while spilling)`, (us / count).toFixed(2));
  row(`${name}: new id, CPU µs (at the end)`, last.usPerId.toFixed(2));
  row(`${name}: longest group of ${groupSize}, CPU ms`, longestMs.toFixed(1));
  row(`${name}: duplicate found on disk, CPU µs`, repeated.usPerId.toFixed(2));
  row(
    `${name}: memory allowed / used, MB`,
    `${(((size / 4) * bytesPerId) / 2 ** 20).toFixed(0)} / ${(index.memoryBytes / 2 ** 20).toFixed(0)}`,
  );
  row(
    `${name}: ids on disk, MB on disk`,
    `${index.spilledIds}, ${(index.spilledBytes / 2 ** 20).toFixed(0)}`,
  );
  index.close();
}

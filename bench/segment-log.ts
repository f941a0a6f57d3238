/**
 * What the durable log costs: CPU a record when appending in batches of 500 and
 * one by one, reading back, and opening with many ids.
 *
 *   npx jiti bench/segment-log.ts [ids to open with, default 2000000]
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDedupIndex } from '../packages/millrace/src/adapters/dedup-index/tiered-dedup-index.ts';
import { openSegmentLog } from '../packages/millrace/src/adapters/segment-log/segment-log.ts';
import type { LogRecord } from '../packages/millrace/src/ports/log.ts';

const idsToOpen = Number(process.argv[2] ?? 2_000_000);
const clock = { now: () => Date.now() };
const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
let logs = 0;

const value = `{"type":"view","timestamp":1766500000000,"properties":${JSON.stringify({ text: 'x'.repeat(180) })}}`;
const records = (count: number): LogRecord[] =>
  Array.from({ length: count }, () => ({ key: randomUUID(), value }));

function openIndex() {
  return openDedupIndex({
    windowMs: 86_400_000,
    memoryBytesMax: 1_500_000_000,
    spillFolder: join(folder, 'spill'),
    hashKey: Buffer.alloc(16, 7),
  });
}

async function measure(what: string, count: number, work: () => Promise<void>): Promise<void> {
  const before = process.cpuUsage();
  const from = performance.now();
  await work();
  const seconds = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(before);
  const rate = Math.round(count / seconds).toLocaleString('en');
  console.log(
    `${what.padEnd(52)} ${((user + system) / count).toFixed(2).padStart(7)} µs CPU ${rate.padStart(12)}/s`,
  );
}

/** `writers` at once, each sending its next batch when the last one is durable. */
async function appends(
  what: string,
  writers: number,
  perBatch: number,
  count: number,
  withDedup: boolean,
) {
  const dedup = withDedup ? openIndex() : undefined;
  const log = await openSegmentLog({
    folder: join(folder, String(logs++)),
    clock,
    ...(dedup === undefined ? {} : { dedup }),
  });
  const batches = Array.from({ length: Math.ceil(count / perBatch) }, () => records(perBatch));
  await measure(what, count, async () => {
    await Promise.all(
      Array.from({ length: writers }, async () => {
        for (let batch = batches.pop(); batch !== undefined; batch = batches.pop())
          await log.append(batch);
      }),
    );
  });
  await measure(`  read back in slices of 20,000`, log.end, async () => {
    for (let at = 0; at < log.end; )
      at = (await log.read(at, { rowsMax: 20_000, bytesMax: 16 * 1024 * 1024 })).to;
  });
  await log.close();
  dedup?.close();
}

try {
  await appends('warm-up', 8, 500, 100_000, true);
  await appends('500 a batch, 8 writers', 8, 500, 400_000, false);
  await appends('500 a batch, 8 writers, dedup included', 8, 500, 400_000, true);
  await appends('one by one, 64 writers', 64, 1, 60_000, false);
  await appends('one by one, 64 writers, dedup included', 64, 1, 60_000, true);

  const withIds = join(folder, 'ids');
  /** How long ids take that are in no sorted file. */
  const withoutRuns = { idsPerRunMin: Number.POSITIVE_INFINITY };
  const unused = {
    attach() {},
    unload() {},
    stopUnloading() {},
    detach() {},
    advance() {},
    horizon: () => 0,
    sliceMs: 10_800_000,
    slicesPerRunMax: 4,
  };
  const noted = { hashes: 0, at: 0 };
  const fill = await openSegmentLog({
    folder: withIds,
    clock,
    segmentBytes: 4 * 1024 * 1024,
    // Random ids, straight into the log: filling is not what is measured.
    dedup: {
      admit: (keys) => ({
        fresh: new Uint8Array(keys.length).fill(1),
        freshCount: keys.length,
        hashes: randomBytes(16 * keys.length),
      }),
      forget() {},
      load() {},
      ...unused,
    },
    ...withoutRuns,
  });
  const empty = Array.from({ length: 10_000 }, () => ({ key: '', value: '' }));
  for (let ids = 0; ids < idsToOpen; ids += empty.length) await fill.append(empty);
  await fill.close();
  await measure('open: read and check ids alone', idsToOpen, async () => {
    const counting = {
      admit: () => ({ fresh: new Uint8Array(0), freshCount: 0, hashes: Buffer.alloc(0) }),
      forget() {},
      load(hashes: Uint8Array, at: number) {
        noted.hashes += hashes.length / 16;
        noted.at = at;
      },
      ...unused,
    };
    await (
      await openSegmentLog({ folder: withIds, clock, dedup: counting, ...withoutRuns })
    ).close();
  });
  if (noted.hashes < idsToOpen) throw new Error(`Only ${noted.hashes} ids came back.`);
  const index = openIndex();
  await measure('open: ids into the dedup index as well', idsToOpen, async () => {
    await (await openSegmentLog({ folder: withIds, clock, dedup: index, ...withoutRuns })).close();
  });
  index.close();
} finally {
  await rm(folder, { recursive: true });
}

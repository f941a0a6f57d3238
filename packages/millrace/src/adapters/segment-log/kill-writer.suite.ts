import { writeSync } from 'node:fs';
import { openDedupIndex } from '../dedup-index/tiered-dedup-index.ts';
import { openSegmentLog } from './segment-log.ts';

/*
 * A process to be killed: kill-writer.suite.ts FOLDER RUN. Writers append
 * batches that repeat each other's records, and each key is printed once its
 * append was acknowledged.
 */
const [folder = '', run = ''] = process.argv.slice(2);
const dedup = openDedupIndex({
  windowMs: 86_400_000,
  memoryBytesMax: 64 * 1024 * 1024,
  spillFolder: `${folder}.spill`,
  hashKey: Buffer.alloc(16, 7),
});
const clock = { now: () => Date.now() };
const log = await openSegmentLog({ folder, clock, dedup, segmentBytes: 20_000 });

let next = 0;
async function writer(): Promise<void> {
  for (;;) {
    const first = Math.max(0, next - 5);
    next += 1 + Math.floor(Math.random() * 20);
    const keys = Array.from({ length: next - first }, (_, key) => `${run}-${first + key}`);
    const position = next;
    await log.append(
      keys.map((key) => ({ key, value: JSON.stringify({ key, text: 'x'.repeat(100) }) })),
      { mark: { producer: run, position } },
    );
    writeSync(1, `${keys.join('\n')}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, writer));

/**
 * One of the collectors that collector.ts compares, in a process of its own:
 * says its address on one line, and runs until it is killed.
 *
 *   jiti bench/collector-server.ts bare|millrace FOLDER
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { openDedupIndex } from '../packages/millrace/src/adapters/dedup-index/dedup-index.ts';
import { openSegmentLog } from '../packages/millrace/src/adapters/segment-log/segment-log.ts';
import { systemClock } from '../packages/millrace/src/adapters/system-clock.ts';
import { createCollector } from '../packages/millrace/src/collect/collector.ts';
import { openAdmission } from '../packages/millrace/src/collect/open-admission.suite.ts';
import { planOf } from '../packages/millrace/src/plan/plan-of.ts';
import { ingestRoutes } from '../packages/millrace/src/server/ingest-routes.ts';
import { createKeys } from '../packages/millrace/src/server/keys.ts';
import pipeline from './bench.config.ts';

/** Appends each event as a line of JSON, and answers once a group of bodies is durable. Checks nothing. */
async function bare(app: FastifyInstance, folder: string): Promise<void> {
  const append = grouped(await open(join(folder, 'events.ndjson'), 'a'));
  app.post('/v1/events', async ({ body }) => {
    const events: readonly unknown[] = Array.isArray(body) ? body : [body];
    await append(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    return { accepted: events.length, checked: false };
  });
}

/** Bodies that come while others are being made durable go together. */
function grouped(file: FileHandle): (lines: string) => Promise<void> {
  let gathered: string[] = [];
  let last = Promise.resolve();
  let next: Promise<void> | null = null;
  const flush = async (): Promise<void> => {
    const group = gathered;
    gathered = [];
    next = null;
    await file.appendFile(group.join(''));
    await file.datasync();
  };
  return (lines) => {
    gathered.push(lines);
    if (next === null) {
      next = last.then(flush);
      last = next;
    }
    return next;
  };
}

/** All that Millrace does before it answers, and nothing that it does later. */
async function millrace(app: FastifyInstance, folder: string): Promise<void> {
  const plan = planOf(pipeline);
  const dedup = openDedupIndex({
    windowMs: plan.dedup.windowMs,
    memoryBytesMax: 1_500 * 1024 * 1024,
    spillFolder: join(folder, 'spilled-ids'),
    hashKey: randomBytes(16),
  });
  const log = await openSegmentLog({ folder: join(folder, 'log'), clock: systemClock, dedup });
  const options = { plan, log, deadLetters: log, clock: systemClock };
  await app.register(ingestRoutes, {
    collector: createCollector(options),
    admission: openAdmission(),
    keys: createKeys({ write: [], read: [] }),
  });
}

const [kind, folder] = process.argv.slice(2);
if ((kind !== 'bare' && kind !== 'millrace') || folder === undefined) {
  throw new Error('usage: collector-server.ts bare|millrace FOLDER');
}
const app = fastify({ bodyLimit: 10 * 1024 * 1024 });
await (kind === 'bare' ? bare : millrace)(app, folder);
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));

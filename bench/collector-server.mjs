/**
 * One of the collectors that collector.ts compares, in a process of its own:
 * says its address on one line, and runs until it is killed.
 *
 * It runs what was built, as the command does.
 *
 *   node bench/collector-server.mjs bare|millrace FOLDER
 */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastify from 'fastify';
import { openDedupIndex } from '../packages/millrace/dist/adapters/dedup-index/tiered-dedup-index.js';
import { openSegmentLog } from '../packages/millrace/dist/adapters/segment-log/segment-log.js';
import { systemClock } from '../packages/millrace/dist/adapters/system-clock.js';
import { createAdmission } from '../packages/millrace/dist/collect/admission.js';
import { createCollector } from '../packages/millrace/dist/collect/collector.js';
import { planOf } from '../packages/millrace/dist/plan/plan-of.js';
import { loadPipeline } from '../packages/millrace/dist/runtime/load-pipeline.js';
import { ingestRoutes } from '../packages/millrace/dist/server/ingest-routes.js';
import { createKeys } from '../packages/millrace/dist/server/keys.js';

/** Appends each event as a line of JSON, and answers once a group of bodies is durable. Checks nothing. */
async function bare(app, folder) {
  const append = grouped(await open(join(folder, 'events.ndjson'), 'a'));
  app.post('/v1/events', async ({ body }) => {
    const events = Array.isArray(body) ? body : [body];
    await append(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    return { accepted: events.length, checked: false };
  });
}

/** Bodies that come while others are being made durable go together. */
function grouped(file) {
  let gathered = [];
  let last = Promise.resolve();
  let next = null;
  const flush = async () => {
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
async function millrace(app, folder) {
  const plan = planOf(
    await loadPipeline(fileURLToPath(new URL('./bench.config.ts', import.meta.url))),
  );
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
    // Nobody reads the log, so nobody is waited for.
    admission: createAdmission({
      log: { end: 0 },
      reader: { committed: 0, settled: async () => {} },
      recordsMax: 0,
      bytesMax: 16 * 1024 * 1024,
      waitMsMax: 10_000,
    }),
    keys: createKeys({ write: [], read: [] }),
  });
}

const [kind, folder] = process.argv.slice(2);
if ((kind !== 'bare' && kind !== 'millrace') || folder === undefined) {
  throw new Error('usage: collector-server.mjs bare|millrace FOLDER');
}
const app = fastify({ bodyLimit: 10 * 1024 * 1024 });
await (kind === 'bare' ? bare : millrace)(app, folder);
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));

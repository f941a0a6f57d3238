/**
 * The collector over HTTP against a bare Fastify that only parses a body and
 * appends its lines to the same log: events a second, and CPU time an event of
 * the serving process (the sender is another process).
 *
 *   npx jiti bench/ingest.ts
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { openDedupIndex } from '../packages/millrace/src/adapters/dedup-index/dedup-index.ts';
import { openSegmentLog } from '../packages/millrace/src/adapters/segment-log/segment-log.ts';
import { systemClock } from '../packages/millrace/src/adapters/system-clock.ts';
import { createCollector } from '../packages/millrace/src/collect/collector.ts';
import { openAdmission } from '../packages/millrace/src/collect/open-admission.suite.ts';
import { shopPlan } from '../packages/millrace/src/collect/shop-plan.suite.ts';
import type { Log } from '../packages/millrace/src/ports/log.ts';
import { ingestRoutes } from '../packages/millrace/src/server/ingest-routes.ts';
import { createKeys } from '../packages/millrace/src/server/keys.ts';

const seconds = 4;

/** Posts batches of shop events over 8 connections, and prints how many events were answered with 200. */
const sender = `
const http = require('node:http');
const [url, size, seconds] = process.argv.slice(1);
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
const until = Date.now() + seconds * 1000;
let id = 0, events = 0, busy = 0;
const event = () => JSON.stringify({ event_id: process.pid + '-0192f3a4-5b6c-7d8e-' + id++, type: 'view',
  timestamp: new Date().toISOString(), user_id: 'user-' + (id % 1e6), session_id: 'session-' + (id % 1e5),
  properties: { product_id: 'product-' + (id % 1e4), category: 'garden', price: '19.99' } });
function send() {
  if (Date.now() >= until) { if (busy === 0) { console.log(events); process.exit(); } return; }
  busy++;
  const body = '[' + Array.from({ length: Number(size) }, event).join(',') + ']';
  const request = http.request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (response) => {
    response.resume().on('end', () => { busy--; if (response.statusCode === 200) events += Number(size); send(); });
  });
  request.end(body);
}
for (let i = 0; i < 8; i++) send();
`;

interface Measured {
  readonly eventsPerSecond: number;
  readonly microsPerEvent: number;
}

async function measure(
  batch: number,
  register: (app: FastifyInstance, log: Log) => Promise<void>,
): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const dedup = openDedupIndex({
    windowMs: shopPlan.dedup.windowMs,
    memoryBytesMax: 512 * 1024 * 1024,
    spillFolder: join(folder, 'spill'),
    hashKey: Buffer.alloc(16, 7),
  });
  const log = await openSegmentLog({ folder: join(folder, 'log'), clock: systemClock, dedup });
  const app = fastify({ bodyLimit: 10 * 1024 * 1024 });
  await register(app, log);
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/v1/events`;
  const started = process.cpuUsage();
  const events = await new Promise<number>((resolve) => {
    const child = spawn(process.execPath, ['-e', sender, url, String(batch), String(seconds)]);
    child.stdout.on('data', (text) => resolve(Number(text)));
    child.stderr.pipe(process.stderr);
  });
  const { user, system } = process.cpuUsage(started);
  await app.close();
  await log.close();
  dedup.close();
  await rm(folder, { recursive: true });
  return { eventsPerSecond: events / seconds, microsPerEvent: (user + system) / events };
}

const bare = (app: FastifyInstance, log: Log): Promise<void> => {
  app.post('/v1/events', async ({ body }) => {
    if (!Array.isArray(body)) throw new TypeError('not an array');
    await log.append(body.map((event) => ({ key: event.event_id, value: JSON.stringify(event) })));
    return { accepted: body.length };
  });
  return Promise.resolve();
};

const collector = async (app: FastifyInstance, log: Log): Promise<void> => {
  const options = { plan: shopPlan, log, deadLetters: log, clock: systemClock };
  await app.register(ingestRoutes, {
    collector: createCollector(options),
    admission: openAdmission(),
    keys: createKeys({ write: [], read: [] }),
  });
};

for (const batch of [500, 1]) {
  await measure(batch, bare);
  for (const _ of [1, 2, 3]) {
    const [base, ours] = [await measure(batch, bare), await measure(batch, collector)];
    const shown = ({ eventsPerSecond, microsPerEvent }: Measured): string =>
      `${Math.round(eventsPerSecond)} events/s, ${microsPerEvent.toFixed(1)} µs`;
    console.log(
      `batches of ${batch}: bare ${shown(base)}; collector ${shown(ours)}; ratio ${(ours.eventsPerSecond / base.eventsPerSecond).toFixed(2)}, of CPU ${(base.microsPerEvent / ours.microsPerEvent).toFixed(2)}`,
    );
  }
}

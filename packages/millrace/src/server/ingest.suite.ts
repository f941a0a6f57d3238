import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDedupIndex } from '../adapters/dedup-index/tiered-dedup-index.ts';
import { openSegmentLog } from '../adapters/segment-log/segment-log.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Admission } from '../collect/admission.ts';
import { type Collector, createCollector } from '../collect/collector.ts';
import type { CollectLimits } from '../collect/limits.ts';
import { openAdmission } from '../collect/open-admission.suite.ts';
import { shopPlan } from '../collect/shop-plan.suite.ts';
import type { Plan } from '../plan/plan.ts';
import type { Log, LogWriter } from '../ports/log.ts';
import { answerError, refuseUnknownRoutes } from './error-answer.ts';
import { type IngestOptions, ingestRoutes } from './ingest-routes.ts';
import { createKeys, type KeysOptions } from './keys.ts';
import { listen } from './server.ts';

export interface IngestServer {
  readonly url: string;
  readonly collector: Collector;
  /** The events in the log, the oldest first. */
  events(): Promise<Record<string, unknown>[]>;
  deadLetters(): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export interface IngestServerOptions {
  readonly plan?: Plan;
  readonly keys?: KeysOptions;
  readonly limits?: IngestOptions['limits'];
  readonly collectLimits?: Partial<CollectLimits>;
  readonly admission?: Admission;
  /** Stands before the log of events. */
  readonly through?: (log: LogWriter) => LogWriter;
}

const mebibyte = 1024 * 1024;

/** Listens on a free port, with durable logs in a temporary folder. */
export async function openIngestServer(options: IngestServerOptions = {}): Promise<IngestServer> {
  const {
    plan = shopPlan,
    keys = { write: [], read: [] },
    limits = {},
    collectLimits = {},
    admission = openAdmission(),
    through = (log: LogWriter) => log,
  } = options;
  const folder = await mkdtemp(join(tmpdir(), 'millrace-ingest-'));
  const clock = systemClock;
  const dedup = openDedupIndex({
    windowMs: plan.dedup.windowMs,
    memoryBytesMax: 16 * mebibyte,
    spillFolder: join(folder, 'spill'),
    hashKey: Buffer.alloc(16, 7),
  });
  const log = await openSegmentLog({ folder: join(folder, 'events'), clock, dedup });
  const dead = await openSegmentLog({ folder: join(folder, 'dead'), clock });
  const collector = createCollector({
    plan,
    log: through(log),
    deadLetters: dead,
    clock,
    limits: collectLimits,
  });
  const server = await listen({ host: '127.0.0.1', port: 0 }, async (app) => {
    app.setErrorHandler(answerError);
    refuseUnknownRoutes(app);
    await app.register(ingestRoutes, { collector, admission, keys: createKeys(keys), limits });
  });
  return {
    url: server.url,
    collector,
    events: () => records(log),
    deadLetters: () => records(dead),
    async close() {
      await server.close();
      await log.close();
      await dead.close();
      dedup.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function records(log: Log): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  for (let at = log.start; at < log.end; ) {
    const slice = await log.read(at, { rowsMax: 10_000, bytesMax: 64 * mebibyte });
    const lines = Buffer.from(slice.lines).toString().split('\n').slice(0, -1);
    all.push(...lines.map((line) => JSON.parse(line)));
    at = slice.to;
  }
  return all;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Posts a body and reads the JSON that comes back. */
export async function post(
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
): Promise<Answer> {
  return answerOf(await fetch(url, { method: 'POST', body: Buffer.from(body), headers }));
}

export async function answerOf(response: Response): Promise<Answer> {
  return { status: response.status, headers: response.headers, body: await response.json() };
}

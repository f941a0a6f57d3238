import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MillraceProcess, rows } from '../tests/support/millrace-process.ts';

export interface Server {
  readonly url: string;
  readonly pid: number;
}

/** Runs `work` against the built command, in a process and a data folder of its own. */
export async function withServer<Result>(
  work: (server: Server) => Promise<Result>,
  config: 'bench.config.ts' | 'kinds.config.ts' = 'bench.config.ts',
): Promise<Result> {
  const data = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const pipeline = fileURLToPath(new URL(config, import.meta.url));
  const server = new MillraceProcess({ pipeline, data });
  try {
    const result = await work({ url: await server.url(), pid: server.pid });
    await server.stop();
    return result;
  } finally {
    server.kill('SIGKILL');
    await server.exited;
    await rm(data, { recursive: true });
  }
}

export const pollMs = 20;
const noProgressMsMax = 60_000;

/** Events that a reader of `/sql` sees both in the table and in the rollup, which comes a moment later. */
export async function countStored(url: string): Promise<number> {
  const [row] = await rows<{ readonly events: string }>(
    url,
    'SELECT least(count(), (SELECT sum(events) FROM by_minute)) AS events FROM events',
  );
  return Number(row?.events);
}

/** Resolves once a reader of `/sql` sees so many events. */
export async function untilStored(url: string, events: number): Promise<void> {
  let stored = 0;
  let progressAt = performance.now();
  while (stored < events) {
    const now = await countStored(url);
    if (now > stored) progressAt = performance.now();
    if (performance.now() - progressAt > noProgressMsMax) {
      throw new Error(`${now} of ${events} events are stored, and no more come`);
    }
    stored = now;
    if (stored < events) await sleep(pollMs);
  }
}

const idsAtOnceMax = 4_000_000;

/** Whether each event that was sent is there once, in the table and in the rollup. */
export async function checkStored(url: string, sent: number): Promise<void> {
  let ids = 0;
  // A share of the ids at a time: a question gets a bounded memory.
  const shares = Math.ceil(sent / idsAtOnceMax);
  for (let share = 0; share < shares; share += 1) {
    const [found] = await rows<{ readonly ids: string }>(
      url,
      `SELECT uniqExact(event_id) AS ids FROM events WHERE cityHash64(event_id) % ${shares} = ${share}`,
    );
    ids += Number(found?.ids);
  }
  const [counts] = await rows<{ readonly events: string; readonly counted: string }>(
    url,
    'SELECT count() AS events, (SELECT sum(events) FROM by_minute) AS counted FROM events',
  );
  const found = { ids, events: Number(counts?.events), counted: Number(counts?.counted) };
  for (const [name, value] of Object.entries(found)) {
    if (value !== sent) throw new Error(`sent ${sent}, but ${name} is ${value}`);
  }
}

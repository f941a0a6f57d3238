import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { dataFolder } from '../packages/millrace/src/runtime/data-folder.ts';
import { MillraceProcess } from '../tests/support/millrace-process.ts';
import { folderBytes, memoryBytes } from '../tests/support/process-numbers.ts';
import { processCpuMicros } from './cpu.ts';
import { bodyTemplate } from './events.ts';
import { Generator } from './generator.ts';
import { checkStored, untilStored } from './server.ts';
import { numbersTable, whole } from './table.ts';

export interface GrowthOptions {
  /** At how many events in all it is looked at, ascending. */
  readonly sizes: readonly number[];
  /** The last events before each size are timed. */
  readonly timedEvents: number;
}

export interface Size {
  readonly events: number;
  /** Of the timed events. */
  readonly eventsPerSecond: number;
  readonly cpuMicros: number;
  readonly memoryMb: number;
  /** After an end in order, from the command until it is ready. */
  readonly restartMs: number;
  /** The same after SIGKILL. */
  readonly recoveryMs: number;
  readonly logBytesPerEvent: number;
  readonly storeBytesPerEvent: number;
}

export interface Growth {
  readonly sizes: readonly Size[];
  /** The same events as they were sent, a line each. */
  readonly ndjsonBytesPerEvent: number;
  readonly gzipBytesPerEvent: number;
}

const load = { connections: 16, eventsPerRequest: 500 };
const pipeline = fileURLToPath(new URL('./bench.config.ts', import.meta.url));

/** One data folder that grows, and what a server on it costs at each size. */
export async function growth(
  { sizes, timedEvents }: GrowthOptions,
  say: (line: string) => void,
): Promise<Growth> {
  const data = mkdtempSync(join(tmpdir(), 'millrace-growth-'));
  const folder = dataFolder(data);
  let server = new MillraceProcess({ pipeline, data });
  /** Comes up with what is there, all of it, and says how long that took. */
  const startedMs = async (stored: number): Promise<number> => {
    const from = performance.now();
    server = new MillraceProcess({ pipeline, data });
    const url = await server.url();
    const tookMs = performance.now() - from;
    await checkStored(url, stored);
    return tookMs;
  };
  try {
    const measured: Size[] = [];
    let sent = 0;
    for (const events of sizes) {
      const url = await server.url();
      const generator = await Generator.open(url, { ...load, first: sent });
      const fill = async (upTo: number): Promise<void> => {
        const more = upTo - generator.sent;
        if (more > 0) await generator.send({ seconds: Number.POSITIVE_INFINITY, events: more });
        await untilStored(url, generator.sent);
      };
      await fill(events - timedEvents);
      const before = { at: performance.now(), cpu: processCpuMicros(server.pid) };
      const timedFrom = generator.sent;
      await fill(events);
      generator.close();
      sent = generator.sent;
      const timed = {
        eventsPerSecond: ((sent - timedFrom) / (performance.now() - before.at)) * 1_000,
        cpuMicros: (processCpuMicros(server.pid) - before.cpu) / (sent - timedFrom),
        memoryMb: memoryBytes(server.pid) / 1024 ** 2,
      };

      await server.stop();
      const disk = {
        logBytesPerEvent: folderBytes(folder.logs) / sent,
        storeBytesPerEvent: folderBytes(folder.store) / sent,
      };
      const restartMs = await startedMs(sent);
      server.kill('SIGKILL');
      await server.exited;
      const recoveryMs = await startedMs(sent);
      measured.push({ events: sent, ...timed, ...disk, restartMs, recoveryMs });
      say(`${whole(sent)} events: ${JSON.stringify(measured.at(-1))}`);
    }
    return { sizes: measured, ...raw() };
  } finally {
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

/** What the events take as lines of JSON, and as those packed by gzip at its default level. */
function raw(): Pick<Growth, 'ndjsonBytesPerEvent' | 'gzipBytesPerEvent'> {
  const { eventsPerRequest } = load;
  const bodies = Array.from({ length: 100 }, (_, at) => {
    const template = bodyTemplate(eventsPerRequest);
    template.fill(at * eventsPerRequest, new Date(1_790_000_000_000 + at * 7).toISOString());
    const events: readonly unknown[] = JSON.parse(template.bytes.toString());
    return events.map((event) => `${JSON.stringify(event)}\n`).join('');
  });
  const lines = Buffer.from(bodies.join(''));
  const events = bodies.length * eventsPerRequest;
  return {
    ndjsonBytesPerEvent: lines.length / events,
    gzipBytesPerEvent: gzipSync(lines).length / events,
  };
}

export function growthTables({ sizes, ndjsonBytesPerEvent, gzipBytesPerEvent }: Growth): string {
  const costs = sizes.map((size) => [
    whole(size.events),
    whole(size.eventsPerSecond),
    size.cpuMicros.toFixed(1),
    whole(size.memoryMb),
    (size.restartMs / 1_000).toFixed(1),
    (size.recoveryMs / 1_000).toFixed(1),
  ]);
  const bytes = (name: string, each: number): string[] => [
    name,
    each.toFixed(0),
    (each / ndjsonBytesPerEvent).toFixed(2),
    (each / gzipBytesPerEvent).toFixed(2),
  ];
  const disk = [
    bytes('as sent, a line of JSON each', ndjsonBytesPerEvent),
    bytes('the same, by gzip', gzipBytesPerEvent),
    ...sizes.flatMap((size) => [
      bytes(`the log of ${whole(size.events)}`, size.logBytesPerEvent),
      bytes(`the store of ${whole(size.events)}, rollups included`, size.storeBytesPerEvent),
    ]),
  ];
  return [
    numbersTable(
      ['events', 'events/s', 'CPU µs/event', 'memory MB', 'restart s', 'after SIGKILL s'],
      costs,
    ),
    numbersTable(['on disk', 'bytes/event', 'against JSON', 'against gzip'], disk),
  ].join('\n\n');
}

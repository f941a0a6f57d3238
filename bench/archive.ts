import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openChdbEncoder } from '../packages/millrace/src/adapters/chdb/chdb-encoder.ts';
import { diskObjects } from '../packages/millrace/src/adapters/objects/disk-objects.ts';
import { openSegmentLog } from '../packages/millrace/src/adapters/segment-log/segment-log.ts';
import { systemClock } from '../packages/millrace/src/adapters/system-clock.ts';
import { Archiver } from '../packages/millrace/src/archive/archiver.ts';
import { Manifest } from '../packages/millrace/src/archive/manifest.ts';
import { Replacer } from '../packages/millrace/src/archive/replacer.ts';
import { planOf } from '../packages/millrace/src/plan/plan-of.ts';
import type { ArchiveEncoder } from '../packages/millrace/src/ports/archive-encoder.ts';
import type { ArchiveRewriter } from '../packages/millrace/src/ports/archive-rewriter.ts';
import type { Log } from '../packages/millrace/src/ports/log.ts';
import type { ObjectStore } from '../packages/millrace/src/ports/object-store.ts';
import definition from './bench.config.ts';
import { ownCpuMicros } from './cpu.ts';
import { ownRowsTemplate } from './events.ts';
import { median } from './statistics.ts';
import { numbersTable } from './table.ts';

export interface ArchiveOptions {
  readonly rounds: number;
  /** Of all 24 small ranges together. */
  readonly events: number;
}

interface Cost {
  readonly bytesPerEvent: number;
  readonly cpuMicros: number;
}

const ways = ['gzip', 'large', 'small', 'together'] as const;
type Way = (typeof ways)[number];
export type ArchiveRound = { readonly [way in Way]: Cost };

const smallRanges = 24;
const eventsAtOnce = 500;

/**
 * The same log into lines packed by gzip, into the archive as one range and as small ones, and these put
 * together, in turn. All of it in this process, so that its CPU is that of the work.
 */
export async function archiving(
  { rounds, events }: ArchiveOptions,
  say: (line: string) => void,
): Promise<readonly ArchiveRound[]> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const log = await openSegmentLog({ folder: join(folder, 'log'), clock: systemClock });
  const encoder = openChdbEncoder({ folder: join(folder, 'encoder') });
  try {
    await fill(log, events);
    const measured: ArchiveRound[] = [];
    // The first warms up.
    for (let round = 0; round <= rounds; round += 1) {
      const place = join(folder, String(round));
      const one = await roundIn(place, log, encoder);
      rmSync(place, { recursive: true });
      const told = ways.map((way) => `${way} ${one[way].bytesPerEvent.toFixed(1)} bytes`);
      say(`round ${round} of ${rounds}: ${told.join(', ')}`);
      if (round > 0) measured.push(one);
    }
    return measured;
  } finally {
    await encoder.close();
    await log.close();
    rmSync(folder, { recursive: true });
  }
}

/** Every event another one: what comes again would be packed as such. */
async function fill(log: Log, events: number): Promise<void> {
  const plan = planOf(definition);
  for (let first = 0; first < events; first += eventsAtOnce) {
    const template = ownRowsTemplate(eventsAtOnce, plan);
    template.fill(first, String(Date.UTC(2026, 4, 1, 12) + first));
    const lines = template.bytes.toString('latin1').trimEnd().split('\n');
    await log.append(lines.map((value, n) => ({ key: String(first + n), value })));
  }
}

async function roundIn(
  folder: string,
  log: Log,
  encoder: ArchiveEncoder & ArchiveRewriter,
): Promise<ArchiveRound> {
  const events = log.end;
  const costOf = async (work: () => Promise<number>): Promise<Cost> => {
    const before = ownCpuMicros();
    const bytes = await work();
    return {
      bytesPerEvent: bytes / events,
      cpuMicros: (ownCpuMicros() - before) / events,
    };
  };
  const archived = async (objects: ObjectStore, rowsEnough: number): Promise<number> => {
    const onRetry = (what: string, error: unknown): never => {
      throw new Error(what, { cause: error });
    };
    const partition = 0;
    const common = { log, partition, objects, encoder, clock: systemClock, onRetry };
    await new Archiver({ ...common, rowsEnough }).flush();
    return bytesIn(objects);
  };
  const [large, small] = ['large', 'small'].map((name) => diskObjects(join(folder, name)));
  if (!large || !small) throw new Error('a folder is missing');
  return {
    gzip: await costOf(() => packed(log, join(folder, 'gzip'))),
    large: await costOf(() => archived(large, events)),
    small: await costOf(() => archived(small, Math.ceil(events / smallRanges))),
    together: await costOf(async () => {
      const replacer = new Replacer({ objects: small, rewriter: encoder, partition: 0 });
      const made = await replacer.replace({ from: 0, to: events });
      if (made === null) throw new Error('the small ranges are not those of the log');
      return bytesIn(small);
    }),
  };
}

/** At gzip's default level, as one file. */
async function packed(log: Log, folder: string): Promise<number> {
  const some: Uint8Array[] = [];
  for (let from = 0; from < log.end; ) {
    const limits = { rowsMax: log.end, bytesMax: Number.MAX_SAFE_INTEGER };
    const { lines, to } = await log.read(from, limits);
    some.push(lines);
    from = to;
  }
  const bytes = gzipSync(Buffer.concat(some));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'events.ndjson.gz'), bytes, { flush: true });
  return bytes.length;
}

async function bytesIn(objects: ObjectStore): Promise<number> {
  const ranges = await new Manifest(objects).ranges(0);
  return ranges
    .flatMap((range) => range.objects)
    .reduce((sum, object) => sum + (object.bytes ?? 0), 0);
}

const names: { readonly [way in Way]: string } = {
  gzip: 'lines of JSON, by gzip',
  large: 'the archive, one range',
  small: `the archive, ${smallRanges} ranges`,
  together: 'these, put together',
};

export function archiveTable(rounds: readonly ArchiveRound[]): string {
  const rows = ways.map((way) => {
    const of = (value: (cost: Cost, gzip: Cost) => number): number =>
      median(rounds.map((round) => value(round[way], round.gzip)));
    return [
      names[way],
      of(({ bytesPerEvent }) => bytesPerEvent).toFixed(1),
      of((cost, gzip) => cost.bytesPerEvent / gzip.bytesPerEvent).toFixed(2),
      of(({ cpuMicros }) => cpuMicros).toFixed(1),
      of((cost, gzip) => cost.cpuMicros / gzip.cpuMicros).toFixed(2),
      rounds.map((round) => (round[way].cpuMicros / round.gzip.cpuMicros).toFixed(2)).join(', '),
    ];
  });
  return numbersTable(
    ['kept as', 'bytes/event', 'against gzip', 'CPU µs/event', 'against gzip', 'each round'],
    rows,
  );
}

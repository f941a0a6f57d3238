import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { VersionStatus } from '../packages/millrace/src/rollups/version-status.ts';
import { dataFolder } from '../packages/millrace/src/runtime/data-folder.ts';
import { MillraceProcess } from '../tests/support/millrace-process.ts';
import { type Beside, beside } from './beside.ts';
import { batches } from './end-to-end.ts';
import { Generator } from './generator.ts';
import { checkStored, pollMs, untilStored } from './server.ts';
import { median, percentile } from './statistics.ts';
import { numbersTable, whole } from './table.ts';

export interface ReplayOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

interface Phase {
  readonly eventsPerSecond: number;
  readonly beside: Beside | null;
}

const ways = ['sustained', 'senders', 'log', 'fromArchive', 'fromLog'] as const;
type Way = (typeof ways)[number];
export type ReplayRound = { readonly [way in Way]: Phase };

const pipeline = fileURLToPath(new URL('./bench.config.ts', import.meta.url));
const besideShare = 0.1;
/** Events beside have other numbers than all others. */
const besideFirst = 500_000_000_000;

/**
 * What one process takes when nothing else happens, and then, while a tenth of that goes on coming and
 * questions are asked: how fast it catches up, and how fast it replays.
 */
export async function replays(
  { rounds, ...options }: ReplayOptions,
  say: (line: string) => void,
): Promise<readonly ReplayRound[]> {
  const measured: ReplayRound[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const one = await roundOf(options);
    measured.push(one);
    const rates = ways.map((way) => `${way} ${whole(one[way].eventsPerSecond)}`);
    say(`round ${round} of ${rounds}: ${rates.join(', ')} events/s`);
  }
  return measured;
}

async function roundOf({
  seconds,
  warmUpSeconds,
}: Omit<ReplayOptions, 'rounds'>): Promise<ReplayRound> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const data = join(folder, 'data');
  const start = (archiveSeconds: number): MillraceProcess => {
    const archive = ['--archive', join(folder, 'archive')];
    const args = [...archive, '--archive-seconds', String(archiveSeconds)];
    return new MillraceProcess({ pipeline, data, args });
  };
  let server = start(3_600);
  let sent = 0;
  let sentBeside = 0;
  /** As fast as it takes them, until all can be queried. */
  const send = async (
    url: string,
    limits: { seconds: number; events?: number },
  ): Promise<number> => {
    const generator = await Generator.open(url, { ...batches, first: sent });
    const from = performance.now();
    await generator.send(limits);
    const events = generator.sent - sent;
    sent = generator.sent;
    generator.close();
    await untilStored(url, sent + sentBeside);
    return (events / (performance.now() - from)) * 1_000;
  };
  const restarted = async (signal: NodeJS.Signals, archiveSeconds: number): Promise<string> => {
    server.kill(signal);
    await server.exited;
    server = start(archiveSeconds);
    return server.url();
  };
  try {
    let url = await server.url();
    await send(url, { seconds: warmUpSeconds });
    const sustained = await send(url, { seconds });
    const whileOthersCome = async (work: () => Promise<number>): Promise<Phase> => {
      const first = besideFirst + sentBeside;
      const options = { eventsPerSecond: sustained * besideShare, first };
      const [eventsPerSecond, others] = await beside(url, options, work);
      sentBeside += others.sent;
      await untilStored(url, sent + sentBeside);
      return { eventsPerSecond, beside: others };
    };

    url = await restarted('SIGKILL', 3_600);
    const kept = Math.round((sustained * seconds) / batches.eventsPerRequest);
    const events = kept * batches.eventsPerRequest;
    const senders = await whileOthersCome(() =>
      send(url, { seconds: Number.POSITIVE_INFINITY, events }),
    );

    server.kill('SIGINT');
    await server.exited;
    rmSync(dataFolder(data).store, { recursive: true });
    server = start(1);
    const startedAt = performance.now();
    url = await server.url();
    const inLog = sent + sentBeside;
    const log = await whileOthersCome(async () => {
      await untilStored(url, inLog);
      return (inLog / (performance.now() - startedAt)) * 1_000;
    });

    await archived(url);
    const fromArchive = await whileOthersCome(() => replayed(url, 'archive'));
    const fromLog = await whileOthersCome(() => replayed(url, 'log'));
    await checkStored(url, sent + sentBeside);
    await server.stop();
    return {
      ...{ sustained: { eventsPerSecond: sustained, beside: null } },
      ...{ senders, log, fromArchive, fromLog },
    };
  } finally {
    server.kill('SIGKILL');
    await server.exited;
    rmSync(folder, { recursive: true });
  }
}

async function archived(url: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/v1/status`);
    const { archive }: { archive: { waiting: number | null } } = JSON.parse(await response.text());
    if (archive.waiting === 0) return;
    await sleep(pollMs);
  }
}

/** Events a second, from the order until readers see the new version. */
async function replayed(url: string, from: 'archive' | 'log'): Promise<number> {
  const at = performance.now();
  const begun = await versions(`${url}/v1/replays/by_minute?from=${from}`, 'PUT');
  const version = Math.max(...begun.map((one) => one.version));
  for (;;) {
    const all = await versions(`${url}/v1/replays`, 'GET');
    const own = all.find((one) => one.version === version);
    if (own?.state === 'ready') {
      return (own.events_filled / (performance.now() - at)) * 1_000;
    }
    await sleep(pollMs);
  }
}

async function versions(url: string, method: 'GET' | 'PUT'): Promise<readonly VersionStatus[]> {
  const response = await fetch(url, { method });
  const text = await response.text();
  if (!response.ok) throw new Error(`status ${response.status}: ${text}`);
  const answer: { readonly versions: readonly VersionStatus[] } = JSON.parse(text);
  return answer.versions;
}

const names: { readonly [way in Way]: string } = {
  sustained: 'batches of 500 over HTTP, nothing beside',
  senders: 'after a kill: what senders held back',
  log: 'after the store was lost: all of the log',
  fromArchive: 'a replay from the archive',
  fromLog: 'a replay from the log',
};

export function replayTable(rounds: readonly ReplayRound[]): string {
  const rows = ways.map((way) => {
    const rates = rounds.map((round) => round[way].eventsPerSecond);
    const ratios = rounds.map(
      (round) => round[way].eventsPerSecond / round.sustained.eventsPerSecond,
    );
    const others = rounds.flatMap((round) => round[way].beside ?? []);
    const questionMs = others.flatMap((one) => one.questionMs);
    return [
      names[way],
      whole(median(rates)),
      median(ratios).toFixed(2),
      ratios.map((ratio) => ratio.toFixed(2)).join(', '),
      ...(others.length === 0
        ? ['', '', '']
        : [
            ...[0.5, 0.99].map((share) => whole(percentile(questionMs, share))),
            whole(others.reduce((sum, { refusals }) => sum + refusals, 0)),
          ]),
    ];
  });
  return numbersTable(
    [
      ...['while a tenth comes and questions are asked', 'events/s, median', 'of the first'],
      ...['each round', 'question p50 ms', 'p99 ms', '503s'],
    ],
    rows,
  );
}

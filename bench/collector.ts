import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { batches, type Load, single } from './end-to-end.ts';
import { type LoadPhase, type LoadPhaseOptions, loadPhase } from './load-phase.ts';
import { median } from './statistics.ts';
import { numbersTable, whole } from './table.ts';

export interface CollectorOptions extends LoadPhaseOptions {
  readonly rounds: number;
}

const kinds = ['bare', 'millrace'] as const;
type Kind = (typeof kinds)[number];
type Round = { readonly [kind in Kind]: LoadPhase };

export interface Collectors {
  readonly batches: readonly Round[];
  readonly single: readonly Round[];
}

const script = fileURLToPath(new URL('./collector-server.mjs', import.meta.url));

/**
 * The collector with nothing behind its log, and a bare server that checks
 * nothing, in turn: whoever answers has what it answers for on disk.
 */
export async function collectors(
  { rounds, ...options }: CollectorOptions,
  say: (line: string) => void,
): Promise<Collectors> {
  const measured: { batches: Round[]; single: Round[] } = { batches: [], single: [] };
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, load] of [['batches', batches] as const, ['single', single] as const]) {
      const bare = await phase('bare', load, options);
      const millrace = await phase('millrace', load, options);
      measured[name].push({ bare, millrace });
      say(
        `${name}, round ${round} of ${rounds}: bare ${whole(bare.eventsPerSecond)}, Millrace ${whole(millrace.eventsPerSecond)} events/s`,
      );
    }
  }
  return measured;
}

async function phase(kind: Kind, load: Load, options: LoadPhaseOptions): Promise<LoadPhase> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  // The same young generation for both, as the command gives itself.
  const args = ['--max-semi-space-size=32', script, kind, folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('close', resolve));
  try {
    const { pid, stdout } = child;
    if (pid === undefined) throw new Error(`${script} does not start`);
    return await loadPhase({ url: await firstLine(stdout), pid }, load, options);
  } finally {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true });
  }
}

async function firstLine(output: Readable): Promise<string> {
  for await (const line of createInterface(output)) return line;
  throw new Error(`${script} ended before it said its address`);
}

const names: { readonly [kind in Kind]: string } = {
  bare: 'a bare Fastify server',
  millrace: "Millrace's collector",
};

export function collectorTable(measured: Collectors): string {
  const rows = (['batches', 'single'] as const).flatMap((load) =>
    kinds.map((kind) => {
      const rounds = measured[load];
      const of = (value: (phase: LoadPhase) => number): number =>
        median(rounds.map((round) => value(round[kind])));
      const ratios = rounds.map(
        (round) => round[kind].eventsPerSecond / round.bare.eventsPerSecond,
      );
      return [
        `${names[kind]}, ${load === 'batches' ? 'batches of 500' : 'single events'}`,
        whole(of(({ eventsPerSecond }) => eventsPerSecond)),
        median(ratios).toFixed(2),
        ratios.map((ratio) => ratio.toFixed(2)).join(', '),
        of(({ cpuMicros }) => cpuMicros).toFixed(1),
        of(({ answerMs }) => answerMs.p50).toFixed(1),
        of(({ answerMs }) => answerMs.p99).toFixed(1),
      ];
    }),
  );
  return numbersTable(
    ['collector', 'events/s, median', 'ratio', 'each round', 'CPU µs/event', 'p50 ms', 'p99 ms'],
    rows,
  );
}

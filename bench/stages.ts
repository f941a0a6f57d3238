import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openChdbStore } from '../packages/millrace/src/adapters/chdb/chdb-store.ts';
import { openDedupIndex } from '../packages/millrace/src/adapters/dedup-index/tiered-dedup-index.ts';
import { openSegmentLog } from '../packages/millrace/src/adapters/segment-log/segment-log.ts';
import { systemClock } from '../packages/millrace/src/adapters/system-clock.ts';
import { createCollector } from '../packages/millrace/src/collect/collector.ts';
import { defaultCollectLimits } from '../packages/millrace/src/collect/limits.ts';
import { nativeBatch } from '../packages/millrace/src/collect/native.ts';
import { readJson } from '../packages/millrace/src/collect/read-json.ts';
import { clickhouseDdl } from '../packages/millrace/src/compile/clickhouse/ddl.ts';
import { planOf } from '../packages/millrace/src/plan/plan-of.ts';
import type { LogRecord } from '../packages/millrace/src/ports/log.ts';
import type { Store } from '../packages/millrace/src/ports/store.ts';
import pipeline from './bench.config.ts';
import { ownCpuMicros } from './cpu.ts';
import { bodyTemplate } from './events.ts';
import { numbersTable } from './table.ts';

export interface StagesOptions {
  /** Each takes 50,000 events through all stages. */
  readonly rounds: number;
}

const stageNames = [
  'read and parse JSON',
  'check, write in canonical form',
  'tell duplicates',
  'append to the log, fsync',
  'read back',
  'insert into the store, merges included',
] as const;
type Stage = (typeof stageNames)[number];

/** CPU µs an event. */
export type StageCosts = { readonly [stage in Stage]: number };

const batchEvents = 500;
/** As many events as the loader inserts at once when it is behind. */
const batchesPerRound = 100;
const roundEvents = batchEvents * batchesPerRound;
const warmUpRounds = 2;
/** As many as a server has at its log at once. */
const batchesAtOnce = 8;

/** The CPU of each stage by itself, in this process, over the same events. */
export async function stages({ rounds }: StagesOptions): Promise<StageCosts> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const plan = planOf(pipeline);
  const cpu = new Map<Stage, number>();
  let counted = false;
  const during = async <Result>(
    stage: Stage,
    work: () => Result | Promise<Result>,
  ): Promise<Result> => {
    const before = ownCpuMicros();
    const result = await work();
    if (counted) cpu.set(stage, (cpu.get(stage) ?? 0) + ownCpuMicros() - before);
    return result;
  };

  // Takes what the collector has written instead of a log.
  let written: (readonly LogRecord[])[] = [];
  const log = {
    marks: () => new Map<string, number>(),
    append: async (records: readonly LogRecord[]) => {
      written.push(records);
      return { appended: records.length, duplicates: 0 };
    },
  };
  const collector = createCollector({ plan, log, deadLetters: log, clock: systemClock });
  const dedup = openDedupIndex({
    windowMs: plan.dedup.windowMs,
    memoryBytesMax: 1_500 * 1024 * 1024,
    spillFolder: join(folder, 'spilled-ids'),
    hashKey: randomBytes(16),
  });
  const segments = await openSegmentLog({ folder: join(folder, 'log'), clock: systemClock });
  const tables = clickhouseDdl(plan, { database: 'millrace' });
  const store = await openChdbStore({ folder: join(folder, 'store'), database: 'millrace' });
  for (const statement of tables.statements) await store.define(statement);

  const templates = Array.from({ length: batchesPerRound }, () => bodyTemplate(batchEvents));
  let sent = 0;
  for (let round = 0; round < warmUpRounds + rounds; round += 1) {
    if (round === warmUpRounds) {
      await mergesDone(store);
      counted = true;
    }
    for (const template of templates) {
      template.fill(sent, new Date().toISOString());
      sent += batchEvents;
    }
    const from = segments.end;
    // A few batches at a time, as in a server, so that what was read does not grow old in memory.
    for (let batch = 0; batch < batchesPerRound; batch += batchesAtOnce) {
      written = [];
      for (const { bytes } of templates.slice(batch, batch + batchesAtOnce)) {
        const incoming = await during('read and parse JSON', () =>
          nativeBatch(readJson(bytes, false, defaultCollectLimits)),
        );
        await during('check, write in canonical form', () => collector.collect(incoming));
      }
      const keys = written.map((records) => records.map(({ key }) => key));
      await during('tell duplicates', () => {
        for (const some of keys) dedup.admit(some, Date.now());
      });
      await during('append to the log, fsync', () =>
        Promise.all(written.map((records) => segments.append(records))),
      );
    }
    const lines = await during('read back', async () => {
      const bytesMax = Number.MAX_SAFE_INTEGER;
      return (await segments.read(from, { rowsMax: roundEvents, bytesMax })).lines;
    });
    await during('insert into the store, merges included', async () => {
      await store.insert({
        table: tables.events.name,
        columns: tables.events.insertColumns,
        lines,
        rows: roundEvents,
        place: { partition: 0, offset: from },
        token: `bench/${from}`,
      });
      await mergesDone(store);
    });
  }

  await segments.close();
  dedup.close();
  await store.close();
  await rm(folder, { recursive: true });
  const costs = stageNames.map((stage) => [stage, (cpu.get(stage) ?? 0) / rounds / roundEvents]);
  return Object.fromEntries(costs);
}

/** So that the merges of one round are not counted with the stages of the next. */
async function mergesDone(store: Store): Promise<void> {
  for (;;) {
    const { bytes } = await store.read('SELECT count() FROM system.merges', { format: 'TSV' });
    if (Buffer.from(bytes).toString().trim() === '0') return;
    await sleep(5);
  }
}

/** @param wholeMicros CPU of a server process, µs an event, with batches of 500 over HTTP. */
export function stagesTable(costs: StageCosts, wholeMicros: number): string {
  const sum = stageNames.reduce((total, stage) => total + costs[stage], 0);
  const row = (name: string, micros: number): string[] => [
    name,
    micros.toFixed(2),
    `${((micros / wholeMicros) * 100).toFixed(0)} %`,
  ];
  return numbersTable(
    ['stage', 'CPU µs/event', 'of the whole'],
    [
      ...stageNames.map((stage) => row(stage, costs[stage])),
      row('sum of the stages', sum),
      row('the rest: HTTP, memory, all of it at once', wholeMicros - sum),
      row('the whole: a server taking batches of 500', wholeMicros),
    ],
  );
}

/**
 * Measures Millrace from an HTTP request to a row that can be queried.
 *
 *   npm run bench -- [--quick] [--only collector|kafka-collector|kafka-loader|flink-jobs|flink-growth|cluster|end-to-end|latency|stages|questions|kinds|askers|dashboard|cache|archive|replay|growth|start] [--rounds N] [--seconds N] [--write]
 *
 * `--quick` takes some minutes, and says less. `--write` puts the tables
 * into docs/performance.md.
 */
import { parseArgs } from 'node:util';
import { archiveTable, archiving } from './archive.ts';
import { askers, askersTable } from './askers.ts';
import { caches, cacheTable } from './cache.ts';
import { cluster, clusterTables } from './cluster.ts';
import { collectors, collectorTable } from './collector.ts';
import { dashboard, dashboardTable } from './dashboard.ts';
import { batches, endToEnd, endToEndTables, rate, serverPhase } from './end-to-end.ts';
import { flinkGrowth, flinkGrowthTable } from './flink-growth.ts';
import { flinkJobs, flinkJobsTable } from './flink-jobs.ts';
import { writePlans } from './flink-plan.ts';
import { growth, growthTables } from './growth.ts';
import { kafkaCollectors, kafkaCollectorTable } from './kafka-collector.ts';
import { kafkaLoaders, kafkaLoaderTable } from './kafka-loader.ts';
import { kinds, kindsTable } from './kinds.ts';
import { latencies, latencyTable } from './latency.ts';
import { provenance, writeSection } from './performance-page.ts';
import { questions, questionTables } from './questions.ts';
import { replays, replayTable } from './replay.ts';
import { stages, stagesTable } from './stages.ts';
import { starts, startsTable } from './start.ts';
import { median } from './statistics.ts';
import { whole } from './table.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
  },
});
const parts = [
  'collector',
  'kafka-collector',
  'kafka-loader',
  'flink-jobs',
  'flink-growth',
  'cluster',
  'end-to-end',
  'latency',
  'stages',
  'questions',
  'kinds',
  'askers',
  'dashboard',
  'cache',
  'archive',
  'replay',
  'growth',
  'start',
] as const;
if (values.only !== undefined && !parts.some((part) => part === values.only)) {
  throw new Error(`--only takes one of ${parts.join(', ')}`);
}
const wanted = (part: (typeof parts)[number]): boolean =>
  values.only === undefined || values.only === part;

const seconds = Number(values.seconds ?? (values.quick ? 5 : 20));
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
const warmUpSeconds = values.quick ? 2 : 5;

const say = (line: string): void => console.error(line);
function show(part: (typeof parts)[number], how: string, table: string): void {
  const text = `${provenance(how)}\n\n${table}`;
  console.log(`\n## ${part}\n\n${text}`);
  if (values.write) writeSection(part, text);
}

if (wanted('collector')) {
  const measured = await collectors({ rounds, seconds, warmUpSeconds }, say);
  show('collector', `${rounds} rounds of ${seconds} s a way`, collectorTable(measured));
}

if (wanted('kafka-collector')) {
  const measured = await kafkaCollectors({ rounds, seconds, warmUpSeconds }, say);
  const how = `${rounds} rounds of ${seconds} s a way, one broker, two partitions, acks=all, lz4`;
  show('kafka-collector', how, kafkaCollectorTable(measured));
}

if (wanted('kafka-loader')) {
  const events = values.quick ? 300_000 : 2_000_000;
  const measured = await kafkaLoaders({ rounds, events }, say);
  const how = `${rounds} rounds of ${whole(events)} events a way, two partitions`;
  show('kafka-loader', how, kafkaLoaderTable(measured));
}

if (wanted('flink-jobs')) {
  const events = values.quick ? 500_000 : 2_000_000;
  const measured = await flinkJobs({ rounds, events }, say);
  const how = `${rounds} rounds of ${whole(events)} events a way, two partitions, parallelism 2, checkpoints every 3 s`;
  show('flink-jobs', how, flinkJobsTable(measured));
  if (values.write) writePlans(measured.plans);
}

if (wanted('flink-growth')) {
  const events = values.quick ? 1_000_000 : 3_000_000;
  const growthRounds = values.quick ? 1 : 2;
  const measured = await flinkGrowth({ rounds: growthRounds, events }, say);
  const how = `${growthRounds} rounds of ${whole(events)} events a way, a partition for each subtask`;
  show('flink-growth', how, flinkGrowthTable(measured));
}

if (wanted('cluster')) {
  const measured = await cluster({ rounds, seconds, warmUpSeconds }, say);
  const how = `${rounds} rounds of ${seconds} s, then ${seconds * 2} s at half of that rate for each interval; one broker, two partitions, parallelism 2`;
  show('cluster', how, clusterTables(measured));
}

/** Events a second in batches, and the server's CPU for each of them. */
let full = { eventsPerSecond: 0, cpuMicros: 0 };
if (wanted('end-to-end')) {
  const measured = await endToEnd({ rounds, seconds, warmUpSeconds }, say);
  show('end-to-end', `${rounds} rounds of ${seconds} s a way`, endToEndTables(measured));
  full = {
    eventsPerSecond: median(measured.map((round) => rate(round.batches))),
    cpuMicros: median(measured.map((round) => round.batches.cpuMicros)),
  };
} else if (wanted('latency') || wanted('stages') || wanted('questions') || wanted('cache')) {
  const phase = await serverPhase(batches, { seconds, warmUpSeconds });
  full = { eventsPerSecond: rate(phase), cpuMicros: phase.cpuMicros };
}

if (wanted('latency')) {
  const pacedSeconds = seconds * 2;
  const measured = await latencies(
    { fullRate: full.eventsPerSecond, seconds: pacedSeconds, warmUpSeconds },
    say,
  );
  show('latency', `${pacedSeconds} s at each rate`, latencyTable(measured));
}

if (wanted('stages')) {
  const stageRounds = values.quick ? 6 : 40;
  const costs = await stages({ rounds: stageRounds });
  show('stages', `${stageRounds} times 50,000 events`, stagesTable(costs, full.cpuMicros));
}

if (wanted('questions')) {
  const events = values.quick ? 1_000_000 : 10_000_000;
  const questionRounds = values.quick ? 5 : 20;
  const measured = await questions(
    { events, rounds: questionRounds, fullRate: full.eventsPerSecond, seconds },
    say,
  );
  show(
    'questions',
    `${whole(events)} events, each question ${questionRounds} times, ${seconds} s of askers`,
    questionTables(measured),
  );
}

if (wanted('cache')) {
  const events = values.quick ? 200_000 : 1_000_000;
  const askedSeconds = values.quick ? 2 : 4;
  const eventsPerSecond = full.eventsPerSecond / 10;
  const measured = await caches(
    { rounds: Math.min(rounds, 3), seconds: askedSeconds, events, eventsPerSecond },
    say,
  );
  const how = `${Math.min(rounds, 3)} rounds of ${askedSeconds} s a way, ${whole(events)} events, ${whole(eventsPerSecond)} more a second where events come`;
  show('cache', how, cacheTable(measured));
}

if (wanted('archive')) {
  const events = values.quick ? 120_000 : 480_000;
  const measured = await archiving({ rounds, events }, say);
  show('archive', `${rounds} rounds of ${whole(events)} events a way`, archiveTable(measured));
}

if (wanted('replay')) {
  const replayRounds = Math.min(rounds, 3);
  const replaySeconds = Math.min(seconds, 6);
  const measured = await replays(
    { rounds: replayRounds, seconds: replaySeconds, warmUpSeconds: Math.min(warmUpSeconds, 3) },
    say,
  );
  show(
    'replay',
    `${replayRounds} rounds, ${replaySeconds} s of batches each`,
    replayTable(measured),
  );
}

if (wanted('kinds')) {
  const events = values.quick ? 1_000_000 : 10_000_000;
  const kindRounds = values.quick ? 3 : 10;
  const measured = await kinds({ events, rounds: kindRounds }, say);
  show('kinds', `${whole(events)} events, ${kindRounds} times each`, kindsTable(measured));
}

if (wanted('askers')) {
  const events = values.quick ? 300_000 : 10_000_000;
  const askedSeconds = values.quick ? 1 : 4;
  const eventsPerSecond = 10_000;
  const measured = await askers({ events, seconds: askedSeconds, eventsPerSecond }, say);
  const how = `${whole(events)} events, ${whole(eventsPerSecond)} more a second, ${askedSeconds} s a way`;
  show('askers', how, askersTable(measured));
}

if (wanted('dashboard')) {
  const events = values.quick ? 1_000_000 : 10_000_000;
  const views = values.quick ? 2 : 3;
  const measured = await dashboard({ events, rounds: views }, say);
  const how = `${whole(events)} events, each view ${views} times, Chromium beside the server`;
  show('dashboard', how, dashboardTable(measured));
}

if (wanted('growth')) {
  const millions = values.quick ? [1, 2] : [1, 10, 50];
  const sizes = millions.map((million) => million * 1_000_000);
  const timedEvents = 900_000;
  const measured = await growth({ sizes, timedEvents }, say);
  show('growth', `the last ${whole(timedEvents)} events of each size`, growthTables(measured));
}

if (wanted('start')) {
  const startRounds = values.quick ? 1 : 3;
  const measured = await starts(startRounds, say);
  show('start', `${startRounds} clones`, startsTable(measured));
}
// The engine keeps threads of its own that would hold the process up.
process.exit(0);

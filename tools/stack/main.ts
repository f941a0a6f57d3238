/**
 * The real services on this machine, each on free ports of 127.0.0.1.
 *
 *   npm run stack -- up [--only kafka,flink] [--brokers 3] [--taskmanagers 2]
 *   npm run stack -- status
 *   npm run stack -- down
 *   npm run stack -- install      what they are made of, into the cache
 *   npm run stack -- lock         the checksums into versions.json, after a change of versions
 *
 * They go on in the background until `down`; data and logs are in `.millrace/stack`
 * until the next `up`, or in another --folder.
 */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startFlink } from './flink.ts';
import { install } from './install.ts';
import { startKafka } from './kafka.ts';
import { lockVersions } from './lock.ts';
import { isRunning, residentBytes, stop } from './pid.ts';
import { startRedis } from './redis.ts';
import { startSeaweed } from './seaweed.ts';
import type { Service, ServiceOptions } from './service.ts';
import { type Addresses, emptyRunFolder, findServices, writeAddresses } from './state.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    brokers: { type: 'string', default: '1' },
    taskmanagers: { type: 'string', default: '1' },
    folder: {
      type: 'string',
      default: fileURLToPath(new URL('../../.millrace/stack', import.meta.url)),
    },
  },
});
const folder = resolve(values.folder);

const starts = {
  kafka: () => startKafka({ ...place('kafka'), brokers: count('brokers') }),
  flink: () => startFlink({ ...place('flink'), taskManagers: count('taskmanagers') }),
  redis: () => startRedis(place('redis')),
  seaweedfs: () => startSeaweed(place('seaweedfs')),
};
const commands = new Map<string | undefined, () => Promise<void> | void>([
  ['up', up],
  ['status', status],
  ['down', down],
  ['install', install],
  ['lock', lockVersions],
]);

const command = commands.get(positionals[0]);
if (command === undefined) {
  console.error(`npm run stack -- ${[...commands.keys()].join(' | ')}`);
  process.exit(1);
}
try {
  await command();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

function place(name: string): ServiceOptions {
  return { folder: join(folder, name), outlive: true };
}

function count(option: 'brokers' | 'taskmanagers'): number {
  const given = Number(values[option]);
  if (!Number.isInteger(given) || given < 1) throw new Error(`--${option} takes 1 or more`);
  return given;
}

async function up(): Promise<void> {
  const known = Object.keys(starts);
  const wanted = values.only?.split(',') ?? known;
  if (!wanted.every((name) => known.includes(name))) {
    throw new Error(`--only takes some of ${known.join(', ')}`);
  }
  emptyRunFolder(folder, known);
  const started: Service<Addresses>[] = [];
  try {
    for (const [name, start] of Object.entries(starts)) {
      if (!wanted.includes(name)) continue;
      const service = await start();
      started.push(service);
      writeAddresses(place(name).folder, service.addresses);
    }
  } catch (error) {
    await Promise.all(started.map((service) => service.stop()));
    throw error;
  }
  status();
}

function status(): void {
  for (const { name, addresses, processes } of findServices(folder)) {
    console.log(name);
    for (const [what, address] of Object.entries(addresses)) console.log(`  ${what} ${address}`);
    for (const found of processes) {
      const state = isRunning(found)
        ? `${Math.round(residentBytes(found) / 1024 / 1024)} MB`
        : 'ended';
      const log = join(folder, name, `${found.name}.log`);
      console.log(`  ${found.name}: pid ${found.pid}, ${state}, ${log}`);
    }
  }
}

/** Leaves data and logs to be looked at. */
async function down(): Promise<void> {
  const processes = findServices(folder).flatMap((service) => service.processes);
  await Promise.all(processes.map(stop));
}

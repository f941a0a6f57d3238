import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { Daemon } from './daemon.ts';
import { download, unpackWheels } from './download.ts';
import { log4jFile } from './log4j.ts';
import { freePort, loopback } from './ports.ts';
import { Service, type ServiceOptions, startAll } from './service.ts';
import { readVersions } from './versions.ts';
import { zookeeper } from './zookeeper.ts';

export interface FlinkOptions extends ServiceOptions {
  /** 1 unless told. */
  readonly taskManagers?: number;
  /** Of each TaskManager; 2 unless told. */
  readonly slots?: number;
  /** More settings of the cluster, by Flink's names; these win over ours. */
  readonly settings?: { readonly [name: string]: string };
}

/** The addresses of the JobManager's REST interface and of the SQL Gateway's. */
export type Flink = Service<{ readonly rest: string; readonly sqlGateway: string }>;

/** Flink's folder, with the SQL Gateway in opt/ and Kafka's SQL connector in lib/. */
export async function installFlink(): Promise<string> {
  const { flink } = readVersions();
  const folder = await cached('flink', JSON.stringify(flink), (made) => {
    download(flink, made);
    unpackWheels(made);
    const home = join(made, 'pyflink');
    for (const jar of readdirSync(made).filter((name) => name.endsWith('.jar'))) {
      const place = jar.startsWith('flink-sql-gateway-') ? 'opt' : 'lib';
      renameSync(join(made, jar), join(home, place, jar));
    }
    const scripts = join(home, 'bin');
    for (const script of readdirSync(scripts)) chmodSync(join(scripts, script), 0o755);
  });
  return join(folder, 'pyflink');
}

/**
 * Starts a session cluster: the processes zookeeper, jobmanager, taskmanager-1 and so
 * on, and sql-gateway. ZooKeeper is there so that a JobManager that is killed and
 * started again finds its jobs, as it would in production.
 */
export async function startFlink(options: FlinkOptions): Promise<Flink> {
  const { folder, taskManagers: count = 1, slots = 2, settings = {}, outlive = false } = options;
  const home = await installFlink();
  const quorum = await zookeeper(options, home);
  const restPort = await freePort();
  const gatewayPort = await freePort();
  const rest = `http://${loopback}:${restPort}`;
  const sqlGateway = `http://${loopback}:${gatewayPort}`;

  const conf = join(folder, 'conf');
  mkdirSync(conf, { recursive: true });
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  copyFileSync(log4jFile, join(conf, 'log4j-console.properties'));
  writeSettings(join(conf, 'config.yaml'), {
    'env.java.opts.all': shippedJavaOptions(home),
    'env.java.opts.sql-gateway': '-Xmx256m',
    ...onLoopback,
    'jobmanager.rpc.port': String(await freePort()),
    'blob.server.port': String(await freePort()),
    'rest.port': String(restPort),
    'high-availability.type': 'zookeeper',
    'high-availability.zookeeper.quorum': quorum.address,
    'high-availability.jobmanager.port': String(await freePort()),
    'high-availability.storageDir': `file://${join(folder, 'high-availability')}`,
    'execution.checkpointing.dir': `file://${join(folder, 'checkpoints')}`,
    'execution.checkpointing.savepoint-dir': `file://${join(folder, 'savepoints')}`,
    'io.tmp.dirs': join(folder, 'tmp'),
    'taskmanager.numberOfTaskSlots': String(slots),
    ...small,
    ...settings,
  });

  const script = (name: string, file: string, args: readonly string[], isReady: IsReady): Daemon =>
    new Daemon({
      ...{ name, folder, outlive, isReady },
      command: join(home, 'bin', file),
      args: ['start-foreground', ...args],
      env: { FLINK_CONF_DIR: conf, FLINK_LOG_DIR: folder, FLINK_PID_DIR: join(folder, 'tmp') },
    });
  const jobManager = script('jobmanager', 'jobmanager.sh', [], () => answers(`${rest}/overview`));
  const gateway = script(
    'sql-gateway',
    'sql-gateway.sh',
    [
      `-Dsql-gateway.endpoint.rest.address=${loopback}`,
      `-Dsql-gateway.endpoint.rest.bind-address=${loopback}`,
      `-Dsql-gateway.endpoint.rest.port=${gatewayPort}`,
      `-Dsql-gateway.endpoint.rest.bind-port=${gatewayPort}`,
    ],
    () => answers(`${sqlGateway}/v3/info`),
  );
  const taskManagers = Array.from({ length: count }, (_, index) => {
    const name = `taskmanager-${index + 1}`;
    const args = ['-D', `taskmanager.resource-id=${name}`];
    return script(name, 'taskmanager.sh', args, registration(rest, name));
  });
  await startAll([[quorum.daemon], [jobManager, gateway, ...taskManagers]]);
  return new Service('flink', { rest, sqlGateway }, [
    quorum.daemon,
    jobManager,
    ...taskManagers,
    gateway,
  ]);
}

type IsReady = (startedAtMs: number) => Promise<boolean>;

const onLoopback = {
  'jobmanager.rpc.address': loopback,
  'jobmanager.bind-host': loopback,
  'taskmanager.host': loopback,
  'taskmanager.bind-host': loopback,
  'rest.address': loopback,
  'rest.bind-address': loopback,
};

/** Little memory, and some seconds until a killed process is missed instead of a minute. */
const small = {
  'jobmanager.memory.process.size': '896m',
  'taskmanager.memory.process.size': '1280m',
  'heartbeat.interval': '1 s',
  'heartbeat.timeout': '10 s',
};

/** What Flink needs of Java 17 is told in the configuration it comes with. */
function shippedJavaOptions(home: string): string {
  const shipped = readFileSync(join(home, 'conf', 'config.yaml'), 'utf8');
  const options = /^ +all: (--add-exports.*)$/m.exec(shipped)?.[1];
  if (options === undefined) throw new Error(`no env.java.opts.all in ${home}/conf/config.yaml`);
  return options;
}

function writeSettings(file: string, settings: { readonly [name: string]: string }): void {
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name}: ${JSON.stringify(value)}\n`,
  );
  writeFileSync(file, lines.join(''));
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.ok;
}

/**
 * Whether a TaskManager has registered since it was started. The JobManager knows
 * one that was killed for a while, and may hear of it late: a new one is known by
 * its address, which has a port of its own.
 */
function registration(rest: string, id: string): IsReady {
  let last: string | undefined;
  return async (sinceMs) => {
    const response = await fetch(`${rest}/taskmanagers`);
    const body: { taskmanagers: RegisteredTaskManager[] } = JSON.parse(await response.text());
    const found = body.taskmanagers.find((known) => known.id === id && known.path !== last);
    if (found === undefined || found.timeSinceLastHeartbeat <= sinceMs) return false;
    last = found.path;
    return true;
  };
}

interface RegisteredTaskManager {
  readonly id: string;
  readonly path: string;
  /** The time (epoch ms) of the last one, whatever its name says. */
  readonly timeSinceLastHeartbeat: number;
}

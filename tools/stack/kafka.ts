import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { runQuietly } from './command.ts';
import { Daemon } from './daemon.ts';
import { download } from './download.ts';
import { log4jFile } from './log4j.ts';
import { freePort, isListening, loopback } from './ports.ts';
import { Service, type ServiceOptions, startAll } from './service.ts';
import { readVersions } from './versions.ts';

export interface KafkaOptions extends ServiceOptions {
  /** 1 unless told. Of 3 and more, 3 have each topic, and 2 of them what is acknowledged. */
  readonly brokers?: number;
  /** More settings of each broker, by Kafka's names; these win over ours. */
  readonly settings?: { readonly [name: string]: string };
}

/** `bootstrap` is what clients call bootstrap.servers: host:port, with commas between. */
export type Kafka = Service<{ readonly bootstrap: string }>;

/** Kafka's jars, in one folder. */
export function installKafka(): Promise<string> {
  const { kafka } = readVersions();
  return cached('kafka', JSON.stringify(kafka), (folder) => download(kafka, folder));
}

/** Starts brokers, each a controller as well, as processes called broker-1 and so on. */
export async function startKafka(options: KafkaOptions): Promise<Kafka> {
  const { folder, brokers: count = 1, settings = {}, outlive = false } = options;
  const jars = await installKafka();
  const nodes: Node[] = [];
  for (let id = 1; id <= count; id += 1) {
    nodes.push({ id, port: await freePort(), controllerPort: await freePort() });
  }
  const voters = nodes.map(({ id, controllerPort }) => `${id}@${loopback}:${controllerPort}`);
  const shared = {
    'controller.quorum.voters': voters.join(','),
    ...replicas(count),
    ...small,
    ...settings,
  };
  const cluster = randomBytes(16).toString('base64url');
  mkdirSync(folder, { recursive: true });

  const brokers = nodes.map((node) => {
    const name = `broker-${node.id}`;
    const file = join(folder, `${name}.properties`);
    writeProperties(file, { ...ofNode(node, join(folder, `${name}-data`)), ...shared });
    // As one argument: an id may begin with a dash.
    const format = ['kafka.tools.StorageTool', 'format', `--cluster-id=${cluster}`, '-c', file];
    const broker = new Daemon({
      ...{ name, folder, outlive },
      command: 'java',
      args: [...jvm(jars), 'kafka.Kafka', file],
      isReady: () => isListening(node.port),
    });
    runQuietly('java', [...jvm(jars), ...format], broker.logFile);
    return broker;
  });
  await startAll([brokers]);
  const bootstrap = nodes.map(({ port }) => `${loopback}:${port}`).join(',');
  return new Service('kafka', { bootstrap }, brokers);
}

interface Node {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
}

const ofNode = ({ id, port, controllerPort }: Node, data: string) => ({
  'process.roles': 'broker,controller',
  'node.id': String(id),
  listeners: `PLAINTEXT://${loopback}:${port},CONTROLLER://${loopback}:${controllerPort}`,
  'controller.listener.names': 'CONTROLLER',
  'log.dirs': data,
});

function replicas(brokers: number) {
  const [all, enough] = brokers >= 3 ? ['3', '2'] : ['1', '1'];
  return {
    'default.replication.factor': all,
    'min.insync.replicas': enough,
    'offsets.topic.replication.factor': all,
    'transaction.state.log.replication.factor': all,
    'transaction.state.log.min.isr': enough,
  };
}

/** By default Kafka's own topics have 50 partitions, and its cleaner takes 128 MB. */
const small = {
  'auto.create.topics.enable': 'false',
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.num.partitions': '4',
  'group.initial.rebalance.delay.ms': '0',
  'log.cleaner.dedupe.buffer.size': '8388608',
};

const jvm = (jars: string): readonly string[] => [
  '-Xmx384m',
  `-Dlog4j2.configurationFile=${log4jFile}`,
  ...['-cp', join(jars, '*')],
];

function writeProperties(file: string, properties: { readonly [name: string]: string }): void {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(file, lines.join(''));
}

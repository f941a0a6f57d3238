import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/** Where everything listens: nobody else can reach it. */
export const loopback = '127.0.0.1';

const lowest = 10_000;
const triesAtMost = 1_000;
const given = new Set<number>();

/**
 * A free port, another one each time. It is below those the system takes for outgoing
 * connections, so that a service that was killed finds its port free again.
 */
export async function freePort(): Promise<number> {
  const [outgoing] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t');
  for (let tries = 0; tries < triesAtMost; tries += 1) {
    const port = randomInt(lowest, Number(outgoing));
    if (!given.has(port) && (await isFree(port))) {
      given.add(port);
      return port;
    }
  }
  throw new Error(`no free port from ${lowest} to ${outgoing} in ${triesAtMost} tries`);
}

/** Whether somebody takes connections there. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, loopback);
  const connected = await succeeds(once(socket, 'connect'));
  socket.destroy();
  return connected;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, loopback);
  const free = await succeeds(once(server, 'listening'));
  if (free) await once(server.close(), 'close');
  return free;
}

const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );

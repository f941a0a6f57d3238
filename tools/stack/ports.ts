import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/** Where everything listens: nobody else can reach it. */
export const loopback = '127.0.0.1';

const lowest = 10_000;
/** Each test process of a run takes ports of its own, or two could choose the same before either listens. */
const lanes = 16;
const lane = Number(process.env.VITEST_POOL_ID ?? 0) % lanes;
const triesAtMost = 1_000;
const given = new Set<number>();

/**
 * A free port, another one each time. It is below those the system takes for outgoing
 * connections, so that a service that was killed finds its port free again.
 */
export async function freePort(): Promise<number> {
  const outgoing = lowestOutgoing();
  for (let tries = 0; tries < triesAtMost; tries += 1) {
    const port = randomInt(lowest / lanes, Math.floor(outgoing / lanes)) * lanes + lane;
    if (!given.has(port) && (await isFree(port))) {
      given.add(port);
      return port;
    }
  }
  throw new Error(`no free port from ${lowest} to ${outgoing} in ${triesAtMost} tries`);
}

/** Where the system does not say, what most others do. */
function lowestOutgoing(): number {
  const range = '/proc/sys/net/ipv4/ip_local_port_range';
  return existsSync(range) ? Number.parseInt(readFileSync(range, 'utf8'), 10) : 49_152;
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

import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface Gateway {
  readonly url: string;
  /** The bodies that were posted, whatever became of them. */
  readonly bodies: readonly string[];
  /** What is done with requests from now on; those that are held go on with it. */
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

export type Behaviour =
  | 'pass'
  /** The request waits for another behaviour. */
  | 'hold'
  /** The connection breaks before the request gets through. */
  | 'cut'
  /** The request gets through, and the connection breaks before its answer does. */
  | 'lose answers'
  /** Something else answers. */
  | {
      readonly status: number;
      readonly headers?: { readonly [name: string]: string };
      readonly body?: string;
    };

/** A proxy before a server, on a free port: the network as it can be. */
export async function openGateway(upstream: () => string): Promise<Gateway> {
  let behaviour: Behaviour = 'pass';
  let held: (() => void)[] = [];
  const bodies: string[] = [];

  const handle = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = await buffer(asked);
    if (asked.method === 'POST') bodies.push(body.toString());
    while (behaviour === 'hold') await new Promise<void>((resolve) => held.push(resolve));
    if (behaviour === 'cut') {
      answer.destroy();
    } else if (typeof behaviour === 'object') {
      answer.writeHead(behaviour.status, behaviour.headers).end(behaviour.body);
    } else {
      const losing = behaviour === 'lose answers';
      const passed = await pass(asked, body, upstream());
      const said = await buffer(passed);
      if (losing) answer.destroy();
      else answer.writeHead(passed.statusCode ?? 502, passed.headers).end(said);
    }
  };
  const server = createServer((asked, answer) => {
    handle(asked, answer).catch(() => answer.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  const behave = (next: Behaviour): void => {
    behaviour = next;
    for (const resolve of held) resolve();
    held = [];
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    bodies,
    behave,
    async close() {
      behave('cut');
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function pass(
  { method = 'GET', url = '/', headers }: IncomingMessage,
  body: Buffer,
  upstream: string,
): Promise<IncomingMessage> {
  const passing = request(new URL(url, upstream), { method, headers, agent: false });
  passing.end(body);
  return new Promise((resolve, reject) => {
    passing.once('response', resolve);
    passing.once('error', reject);
  });
}

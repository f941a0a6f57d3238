import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Gateway {
  readonly url: string;
  /** The bodies that came in, whatever became of them. */
  readonly bodies: readonly string[];
  /** What is done with the requests from now on. */
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

export type Behaviour =
  | 'pass'
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
  const bodies: string[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/', headers } = request;
    const body = await text(request);
    bodies.push(body);
    if (behaviour === 'cut') {
      response.destroy();
      return;
    }
    if (typeof behaviour === 'object') {
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body);
      return;
    }
    const { authorization, 'content-type': type } = headers;
    const answer = await fetch(new URL(url, upstream()), {
      method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      ...(body === '' ? {} : { body }),
    });
    const said = await answer.text();
    if (behaviour === 'lose answers') response.destroy();
    else response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(said);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    bodies,
    behave(next) {
      behaviour = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A webhook of somebody's that does as it is told. */
export class Receiver {
  readonly received: Received[] = [];
  /** The statuses of its next answers, and 204 for all after them; null never answers. */
  readonly answers: (number | null)[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      receiver.received.push({ headers: request.headers, body });
      const status = receiver.answers.length > 0 ? receiver.answers.shift() : 204;
      if (status === null || status === undefined) return;
      response.writeHead(status, { location: `${receiver.url}elsewhere` }).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get url(): string {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('it does not listen');
    return `http://127.0.0.1:${address.port}/`;
  }

  async calls(count: number): Promise<readonly Received[]> {
    while (this.received.length < count) await sleep(20);
    return this.received;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

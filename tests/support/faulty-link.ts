import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Slowness {
  /** How much later each piece arrives, of some tens of kilobytes at most; one follows the other. */
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
}

type State = 'passing' | 'silent' | 'cut';

const fast: Slowness = { latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY };

/** A way over TCP to a server, which can be made slow, be cut, or lead nowhere. */
export class FaultyLink {
  readonly #server: Server;
  readonly #target: URL;
  #connections = new Set<Connection>();
  #state: State = 'passing';
  #slowness = fast;
  #passedBytes = 0;
  #lostBytes = 0;
  #lostRequestBytes = 0;

  private constructor(server: Server, target: URL) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (socket) => this.#take(socket));
  }

  /** @param target the address of the server, with its port. */
  static async to(target: string): Promise<FaultyLink> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultyLink(server, new URL(target));
  }

  /** The server's address, by this way. */
  get url(): string {
    const url = new URL(this.#target);
    const { port } = addressOf(this.#server);
    url.host = `127.0.0.1:${port}`;
    return url.href.replace(/\/$/, '');
  }

  /** How many bytes got to the other side. */
  get passedBytes(): number {
    return this.#passedBytes;
  }

  /** How many bytes never did. */
  get lostBytes(): number {
    return this.#lostBytes;
  }

  /** Of these, how many were on their way to the server. */
  get lostRequestBytes(): number {
    return this.#lostRequestBytes;
  }

  /** Again as if it were not there, for connections that are made from now on, and those not lost. */
  mend(): void {
    this.#state = 'passing';
    this.#slowness = fast;
  }

  slow(slowness: Slowness): void {
    this.#slowness = slowness;
  }

  /**
   * Connections stay, and are taken, and nothing passes any more: as where a firewall drops
   * packets. Those of now and of meanwhile are lost: mended, the link knows them no more.
   */
  silence(): void {
    this.#state = 'silent';
    for (const connection of this.#connections) connection.lose();
  }

  /** All connections are reset, and so are those that are made meanwhile. */
  cut(): void {
    this.#state = 'cut';
    for (const connection of this.#connections) connection.reset();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(client: Socket): void {
    if (this.#state === 'cut') {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const server = connect({
      ...{ host: this.#target.hostname, port: Number(this.#target.port), allowHalfOpen: true },
    });
    const connection = new Connection(client, server, {
      slowness: () => this.#slowness,
      onPassed: (bytes) => {
        this.#passedBytes += bytes;
      },
      onLost: (bytes, isRequest) => {
        this.#lostBytes += bytes;
        if (isRequest) this.#lostRequestBytes += bytes;
      },
    });
    this.#connections.add(connection);
    void connection.ended.then(() => this.#connections.delete(connection));
    if (this.#state === 'silent') connection.lose();
  }
}

interface Way {
  readonly slowness: () => Slowness;
  readonly onPassed: (bytes: number) => void;
  readonly onLost: (bytes: number, isRequest: boolean) => void;
}

class Connection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #way: Way;
  readonly ended: Promise<unknown>;
  #isLost = false;

  constructor(client: Socket, server: Socket, way: Way) {
    this.#client = client;
    this.#server = server;
    this.#way = way;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
    }
    this.ended = Promise.all([this.#pass(client, server), this.#pass(server, client)]).then(() => {
      // Both have left it, and neither heard of the other: nobody else would end it.
      if (this.#isLost) this.reset();
    });
  }

  lose(): void {
    this.#isLost = true;
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  /** Ends when one of both does, however that happens: the other learns of it in the same way. */
  async #pass(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const piece of from.iterator({ destroyOnReturn: false })) {
        const bytes: Buffer = piece;
        const { latencyMs, bytesPerSecond } = this.#way.slowness();
        const lateMs = latencyMs + (bytes.length / bytesPerSecond) * 1_000;
        if (lateMs > 0) await sleep(lateMs);
        if (this.#isLost) this.#way.onLost(bytes.length, from === this.#client);
        else {
          this.#way.onPassed(bytes.length);
          if (!to.write(bytes)) await drained(to);
        }
      }
      if (!this.#isLost) to.end();
    } catch {
      if (!this.#isLost) to.resetAndDestroy();
    }
  }
}

/** Also where it ends before. */
const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      socket.off('drain', end).off('close', end);
      resolve();
    };
    socket.once('drain', end).once('close', end);
  });

const addressOf = (server: Server): AddressInfo => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address;
};

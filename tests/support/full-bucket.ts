import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** How a server of S3 refuses an object that it has no room for. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
}

export const refusals = {
  /** MinIO, whose disks are full. */
  minio: { status: 507, code: 'XMinioStorageFull' },
  /** MinIO, where the quota of the bucket is used up. */
  minioQuota: { status: 400, code: 'XMinioAdminBucketQuotaExceeded' },
  /** Ceph, where a quota is used up. */
  ceph: { status: 403, code: 'QuotaExceeded' },
} as const satisfies { readonly [name: string]: Refusal };

/** A way over HTTP to a server of S3, which has no room for new objects while it is told so. */
export class FullBucket {
  readonly #server: Server;
  readonly #target: URL;
  #refusal: Refusal | null = null;
  #refused = 0;

  private constructor(server: Server, target: URL) {
    this.#server = server;
    this.#target = target;
    server.on('request', (asked, answer) => {
      this.#answer(asked, answer).catch(() => answer.destroy());
    });
  }

  /** @param target the endpoint of the server. */
  static async before(target: string): Promise<FullBucket> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FullBucket(server, new URL(target));
  }

  get url(): string {
    const address: AddressInfo | string | null = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return `http://127.0.0.1:${address.port}`;
  }

  /** How many objects were refused. */
  get refused(): number {
    return this.#refused;
  }

  fill(refusal: Refusal): void {
    this.#refusal = refusal;
  }

  makeRoom(): void {
    this.#refusal = null;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    if (this.#refusal !== null && asked.method === 'PUT') {
      const { status, code } = this.#refusal;
      // The whole of it has come when it turns out that there is no room.
      for await (const _ of asked);
      this.#refused += 1;
      answer.writeHead(status, { 'Content-Type': 'application/xml' });
      answer.end(
        `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>There is no room.</Message></Error>`,
      );
      return;
    }
    const { hostname, port } = this.#target;
    const { method, url: path, headers } = asked;
    // The host is signed: it is passed on as it was named.
    const passing = request({ hostname, port, method, path, headers });
    const answered = once(passing, 'response');
    await pipeline(asked, passing);
    const [real]: IncomingMessage[] = await answered;
    if (real === undefined) throw new Error('no answer');
    answer.writeHead(real.statusCode ?? 502, real.rawHeaders);
    await pipeline(real, answer);
  }
}

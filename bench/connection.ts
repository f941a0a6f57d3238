import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** As Retry-After said; 0 if it did not. */
  readonly retryAfterMs: number;
  readonly body: string;
}

/**
 * One HTTP/1.1 connection that is kept open, with one request under way at a
 * time. It reads no more of an answer than Millrace writes: a head with a
 * Content-Length, and a body.
 */
export class Connection {
  readonly #url: string;
  #socket: Socket;
  #received = '';
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  private constructor(url: string, socket: Socket) {
    this.#url = url;
    this.#socket = this.#listened(socket);
  }

  static async open(url: string): Promise<Connection> {
    return new Connection(url, await opened(url));
  }

  /** `request` must not change until the answer is there. */
  async ask(request: Buffer): Promise<Answer> {
    // The server has closed it, because nothing was asked for long.
    if (this.#socket.destroyed) this.#socket = this.#listened(await opened(this.#url));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #listened(socket: Socket): Socket {
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')));
    return socket;
  }

  #receive(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const head = this.#received.slice(0, headEnd).toLowerCase();
    const end = headEnd + 4 + Number(header(head, 'content-length') ?? 0);
    if (this.#received.length < end) return;
    const body = this.#received.slice(headEnd + 4, end);
    this.#received = this.#received.slice(end);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({
      status: Number(head.slice(9, 12)),
      retryAfterMs: Number(header(head, 'retry-after') ?? 0) * 1000,
      body,
    });
  }
}

function opened(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket.off('error', reject)));
  });
}

function header(head: string, name: string): string | undefined {
  const at = head.indexOf(`\r\n${name}: `);
  if (at === -1) return undefined;
  const from = at + name.length + 4;
  const to = head.indexOf('\r\n', from);
  return head.slice(from, to === -1 ? undefined : to);
}

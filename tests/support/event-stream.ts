import { once } from 'node:events';
import { type ClientRequest, get, IncomingMessage } from 'node:http';

export interface StreamEvent {
  /** Empty where it has none; so is the name. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Server-sent events over HTTP, on a connection of their own, as a reader that holds on to ids gets them. */
export class EventStream {
  readonly #request: ClientRequest;
  readonly #chunks: AsyncIterator<unknown>;
  #text = '';

  private constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.#chunks = response.setEncoding('utf8')[Symbol.asyncIterator]();
  }

  /** Resolves once the stream has begun. */
  static async open(
    address: string,
    lastEventId?: string,
    headers: { readonly [name: string]: string } = {},
  ): Promise<EventStream> {
    const from = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const request = get(address, { agent: false, headers: { ...headers, ...from } });
    const [response]: unknown[] = await once(request, 'response');
    if (!(response instanceof IncomingMessage) || response.statusCode !== 200)
      throw new Error(`${address} gives no stream`);
    return new EventStream(request, response);
  }

  /** The next event; comments are left out. */
  async next(): Promise<StreamEvent> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end < 0) {
        const { done, value } = await this.#chunks.next();
        if (done) throw new Error('the stream ended');
        this.#text += String(value);
        continue;
      }
      const lines = this.#text.slice(0, end).split('\n');
      this.#text = this.#text.slice(end + 2);
      const field = (name: string) =>
        lines.find((line) => line.startsWith(name))?.slice(name.length);
      const data = field('data: ');
      if (data !== undefined)
        return { id: field('id: ') ?? '', event: field('event: ') ?? '', data };
    }
  }

  close(): void {
    this.#request.destroy();
  }
}

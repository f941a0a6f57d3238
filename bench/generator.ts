import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.ts';
import { requestTemplate } from './events.ts';
import type { Template } from './template.ts';

export interface GeneratorOptions {
  readonly connections: number;
  readonly eventsPerRequest: number;
  /** The number of the first event, which no other event may have. Default 0. */
  readonly first?: number;
  /** When the events of a request happened, of which so many were sent before. Default: now. */
  readonly timeOf?: (sent: number) => Date;
  /** Told of each request that was answered with 200. */
  readonly onAnswer?: (answered: { readonly tookMs: number; readonly atMs: number }) => void;
}

export interface SendOptions {
  readonly seconds: number;
  /** No more than these. */
  readonly events?: number;
  /** Requests begin no faster than this; without it, as soon as the last one is answered. */
  readonly eventsPerSecond?: number;
}

/** Events whose content differs: what is sent repeats only behind so many. */
const differentEvents = 20_000;

/** Sends events over raw sockets, one request under way on each. */
export class Generator {
  /** Events of requests that have begun, and those before the first. */
  sent: number;
  /** Answers of 429 and 503; such a request is sent again after its Retry-After. */
  refusals = 0;
  readonly #options: GeneratorOptions;
  readonly #senders: readonly (readonly [Connection, readonly Template[]])[];

  private constructor(
    options: GeneratorOptions,
    senders: readonly (readonly [Connection, readonly Template[]])[],
  ) {
    this.#options = options;
    this.sent = options.first ?? 0;
    this.#senders = senders;
  }

  static async open(url: string, options: GeneratorOptions): Promise<Generator> {
    const { connections, eventsPerRequest } = options;
    const templatesEach = Math.ceil(differentEvents / eventsPerRequest / connections);
    const senders = Array.from({ length: connections }, async () => {
      const templates = Array.from({ length: templatesEach }, () =>
        requestTemplate(eventsPerRequest),
      );
      return [await Connection.open(url), templates] as const;
    });
    return new Generator(options, await Promise.all(senders));
  }

  /** Resolves once everything that was begun within the time is answered. */
  async send({
    seconds,
    events = Number.POSITIVE_INFINITY,
    eventsPerSecond = Number.POSITIVE_INFINITY,
  }: SendOptions): Promise<void> {
    const from = performance.now();
    const until = from + seconds * 1000;
    const requestsMax = events / this.#options.eventsPerRequest;
    const periodMs = (this.#options.eventsPerRequest / eventsPerSecond) * 1000;
    let begun = 0;
    await Promise.all(
      this.#senders.map(async ([connection, templates]) => {
        for (;;) {
          for (const template of templates) {
            if (begun >= requestsMax) return;
            const due = from + periodMs * begun++;
            if (Math.max(due, performance.now()) >= until) return;
            if (due - performance.now() > 1) await sleep(due - performance.now());
            await this.#sendOne(connection, template);
          }
        }
      }),
    );
  }

  close(): void {
    for (const [connection] of this.#senders) connection.close();
  }

  async #sendOne(connection: Connection, template: Template): Promise<void> {
    const { eventsPerRequest, timeOf = () => new Date(), onAnswer } = this.#options;
    template.fill(this.sent, timeOf(this.sent).toISOString());
    this.sent += eventsPerRequest;
    const from = performance.now();
    for (;;) {
      const answer = await connection.ask(template.bytes);
      if (answer.status === 200) {
        if (!answer.body.startsWith(`{"accepted":${eventsPerRequest},`)) {
          throw new Error(`not all events were accepted: ${answer.body}`);
        }
        const atMs = performance.now();
        onAnswer?.({ tookMs: atMs - from, atMs });
        return;
      }
      if (answer.status !== 429 && answer.status !== 503) {
        throw new Error(`status ${answer.status}: ${answer.body}`);
      }
      this.refusals += 1;
      await sleep(answer.retryAfterMs);
    }
  }
}

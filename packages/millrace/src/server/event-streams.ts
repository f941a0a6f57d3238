import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MillraceError } from '../errors.ts';
import { withFirstOf } from '../with-first-of.ts';
import { closingSignal } from './closing-signal.ts';
import { goneReader } from './gone-reader.ts';

/** Resolves once the listener has taken enough of it for more. */
export type Write = (text: string) => Promise<void>;

/** @param over aborts when the listener has gone, or the process ends. */
export type Stream = (write: Write, over: AbortSignal) => Promise<void>;

/** What is between two signs of life while there is nothing to say. */
export const heartbeatMs = 15_000;

/**
 * Server-sent events for a bounded number of listeners, none of whom is given
 * more than it takes. https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStreams {
  readonly #listenersMax: number;
  readonly #closing: AbortSignal;
  #listeners = 0;

  constructor(server: FastifyInstance, listenersMax: number) {
    this.#listenersMax = listenersMax;
    this.#closing = closingSignal(server);
  }

  /**
   * Answers with what `stream` writes, until that ends or its listener goes away.
   *
   * @throws MillraceError `overloaded`.
   */
  async answer(request: FastifyRequest, reply: FastifyReply, stream: Stream): Promise<void> {
    if (this.#listeners >= this.#listenersMax) {
      throw new MillraceError('overloaded', `${this.#listeners} listen already.`);
    }
    this.#listeners += 1;
    reply.hijack();
    const { raw } = reply;
    const send = async (over: AbortSignal): Promise<void> => {
      raw.writeHead(200, {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        Connection: 'close',
      });
      await stream((text) => write(raw, text, over), over);
    };
    try {
      await withFirstOf([goneReader(reply), this.#closing], send);
    } catch (error) {
      // The answer has begun: its listener comes again and goes on where it was.
      request.log.error(error);
    } finally {
      this.#listeners -= 1;
      raw.end();
    }
  }
}

async function write(raw: ServerResponse, text: string, over: AbortSignal): Promise<void> {
  if (over.aborted || raw.write(text)) return;
  try {
    await once(raw, 'drain', { signal: over });
  } catch (error) {
    if (!over.aborted) throw error;
  }
}

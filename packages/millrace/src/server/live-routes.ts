import type { FastifyInstance } from 'fastify';
import type { LiveReading, NewestEvents } from '../observe/live.ts';
import { sharedReading } from '../observe/shared-reading.ts';
import { pause } from '../pause.ts';
import { requireTable } from '../query/reader.ts';
import { EventStreams, heartbeatMs, type Write } from './event-streams.ts';
import { type ReaderOf, requireAnyRead } from './keys.ts';
import type { Operation } from './openapi/operation.ts';

export interface LiveRoutesOptions {
  readonly read: () => Promise<LiveReading>;
  readonly readerOf: ReaderOf;
}

const listenersMax = 32;
/** How often a listener is told what has changed. */
const periodMs = 1_000;

const operation: Operation = {
  id: 'streamLive',
  tag: 'operation',
  summary: 'How the pipeline is doing, as it changes.',
  description:
    'Server-sent events, once a second at most: `numbers` with `LiveNumbers` when one of them has changed, and `events` with `LiveEvents`: of those that came since, the newest. The answer does not end by itself. In a cluster there are no `events`.',
  key: 'read',
  success: {
    description: 'The numbers and the events.',
    content: { 'text/event-stream': { type: 'string' } },
  },
  errors: ['overloaded', 'store_unavailable'],
};

/** `GET /v1/live`: what the page shows moving, as server-sent events. */
export async function liveRoutes(
  server: FastifyInstance,
  { read, readerOf }: LiveRoutesOptions,
): Promise<void> {
  const streams = new EventStreams(server, listenersMax);
  // Half as old as a listener waits, so that each gets what is new.
  const reading = sharedReading(periodMs / 2, read);
  server.get(
    '/v1/live',
    { config: { operation }, onRequest: requireAnyRead(readerOf) },
    async (request, reply) => {
      requireTable(readerOf(request), 'events');
      // Whatever is wrong is said before the answer begins.
      await reading();
      return streams.answer(request, reply, (write, over) => stream(reading, write, over));
    },
  );
}

async function stream(
  reading: () => Promise<LiveReading>,
  write: Write,
  over: AbortSignal,
): Promise<void> {
  let said = '';
  let seen = 0;
  let silentMs = 0;
  while (!over.aborted) {
    const { numbers, newest } = await reading();
    const text = JSON.stringify(numbers);
    const isNew = text !== said || newest.end > seen;
    if (text !== said) await write(`event: numbers\ndata: ${text}\n\n`);
    if (newest.end > seen) await write(`event: events\ndata: ${eventsSince(newest, seen)}\n\n`);
    said = text;
    seen = newest.end;
    silentMs = isNew ? 0 : silentMs + periodMs;
    if (silentMs >= heartbeatMs) {
      await write(': nothing new\n\n');
      silentMs = 0;
    }
    await pause(periodMs, over);
  }
}

/** `LiveEvents` as JSON, the lines as the log has them. */
function eventsSince({ end, events }: NewestEvents, seen: number): string {
  const fresh = events.filter(({ offset }) => offset >= seen);
  const texts = fresh.map(({ offset, line }) => `{"offset":${offset},"event":${line}}`);
  return `{"end":${end},"events":[${texts.join(',')}]}`;
}

import type { FastifyInstance } from 'fastify';
import { MillraceError } from '../errors.ts';
import { mayAsk, requireTable } from '../query/reader.ts';
import type { ResultPlace, WindowResults } from '../windows/window-results.ts';
import { withFirstOf } from '../with-first-of.ts';
import { EventStreams, heartbeatMs, type Write } from './event-streams.ts';
import { type ReaderOf, requireAnyRead } from './keys.ts';
import { type Operation, ref } from './openapi/operation.ts';

export interface WindowRoutesOptions {
  /** By the window's name. */
  readonly windows: ReadonlyMap<string, WindowResults>;
  readonly readerOf: ReaderOf;
}

const listenersMax = 100;
/** Results read at once for a listener: no more of them are in memory, however slowly it reads. */
const pageRows = 500;

const operation: Operation = {
  id: 'streamWindow',
  tag: 'windows',
  summary: 'The results of a window as they come out.',
  description:
    'Server-sent events, each a row as JSON: from now on, or from behind the one that `Last-Event-ID` names. The answer does not end by itself.',
  key: 'read',
  parameters: [
    { in: 'path', name: 'name', description: 'Of the window.', schema: ref('WindowName') },
    {
      in: 'header',
      name: 'Last-Event-ID',
      description: 'The `id` of the last result that was read.',
      schema: { type: 'string', pattern: '^([0-9]{1,15}-[0-9]{1,9})?$' },
    },
  ],
  success: {
    description: 'The results.',
    content: { 'text/event-stream': { type: 'string' } },
  },
  errors: ['not_found', 'invalid_body', 'overloaded', 'log_unavailable'],
};

/**
 * `GET /v1/windows/:name/stream`: the results of a window as server-sent events,
 * from now on, or from behind the one named by `Last-Event-ID`.
 */
export async function windowRoutes(
  server: FastifyInstance,
  { windows, readerOf }: WindowRoutesOptions,
): Promise<void> {
  const streams = new EventStreams(server, listenersMax);

  server.get<{ Params: { name: string } }>(
    '/v1/windows/:name/stream',
    { config: { operation }, onRequest: requireAnyRead(readerOf) },
    async (request, reply) => {
      const reader = readerOf(request);
      const results = windows.get(request.params.name);
      if (results === undefined) {
        const names =
          [...windows.keys()].filter((name) => mayAsk(reader, name)).join(', ') || 'none';
        throw new MillraceError(
          'not_found',
          `There is no window ${JSON.stringify(request.params.name)}; there are: ${names}.`,
        );
      }
      requireTable(reader, request.params.name);
      const from = placeOf(request.headers['last-event-id']) ?? results.newest;
      return streams.answer(request, reply, (write, over) => stream(results, from, write, over));
    },
  );
}

async function stream(
  results: WindowResults,
  from: ResultPlace,
  write: Write,
  over: AbortSignal,
): Promise<void> {
  await write(': the results follow as they come out\n\n');
  let place = from;
  while (!over.aborted) {
    const { newest } = results;
    const page = await results.read(place, pageRows);
    for (const result of page) {
      place = result.place;
      await write(`id: ${place.endMs}-${place.taken}\ndata: ${result.json}\n\n`);
    }
    if (page.length > 0) continue;
    const silence = AbortSignal.timeout(heartbeatMs);
    place = newest;
    await withFirstOf([over, silence], (first) => results.more(newest, first));
    if (silence.aborted) await write(': nothing new\n\n');
  }
}

/** `Last-Event-ID` as it was given out. */
function placeOf(header: string | readonly string[] | undefined): ResultPlace | undefined {
  if (header === undefined || header === '') return undefined;
  const [, endMs, taken] = /^(\d{1,15})-(\d{1,9})$/.exec(String(header)) ?? [];
  if (endMs !== undefined && taken !== undefined) {
    return { endMs: Number(endMs), taken: Number(taken) };
  }
  throw new MillraceError('invalid_body', 'Last-Event-ID is not one that this stream gave.');
}

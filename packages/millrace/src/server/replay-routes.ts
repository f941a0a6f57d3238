import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readTime } from '../collect/time.ts';
import { MillraceError } from '../errors.ts';
import type { RollupReplay } from '../ports/rollup-progress.ts';
import type { VersionStatus } from '../rollups/version-status.ts';
import { json, type Operation, type Parameter, ref } from './openapi/operation.ts';
import { leaveBodiesUnread } from './receive.ts';

/** What is to be replayed. Times are epoch ms; null for no bound. */
export interface ReplayOrder extends Pick<RollupReplay, 'from' | 'sinceMs' | 'untilMs'> {
  /** Of the rollup or the window. */
  readonly name: string;
}

/** Replays, as whoever asks for them over HTTP needs them. */
export interface ReplayDesk {
  begin(order: ReplayOrder): Promise<void>;
  back(name: string): Promise<void>;
  drop(name: string): Promise<void>;
  /** Every version of a rollup or a window that there is. */
  versions(): readonly VersionStatus[];
}

export interface ReplayRoutesOptions {
  readonly replays: ReplayDesk;
  /** Throws for a request that may not read: write keys are public. */
  readonly requireRead: (request: FastifyRequest) => Promise<void>;
}

interface Asked {
  readonly from?: string;
  readonly since?: string;
  readonly until?: string;
}

const querystring = {
  type: 'object',
  properties: Object.fromEntries(
    ['from', 'since', 'until'].map((name) => [name, { type: 'string' }]),
  ),
};

const nameInPath: Parameter = {
  in: 'path',
  name: 'name',
  description: 'The name of the rollup, or of the window.',
  schema: { type: 'string' },
};

const boundOf = (name: string, description: string): Parameter => ({
  in: 'query',
  name,
  description,
  schema: { type: 'string', format: 'date-time' },
});

const success: Operation['success'] = {
  description: 'The versions of rollups and windows that there are now.',
  content: json(ref('RollupVersions')),
};

const listOperation: Operation = {
  id: 'getReplays',
  tag: 'operation',
  summary: 'The versions of rollups and windows that there are, and how far each is.',
  key: 'read',
  success,
  errors: [],
};

const beginOperation: Operation = {
  id: 'replay',
  tag: 'operation',
  summary: 'Make a rollup, or the results of a window, anew while events flow.',
  description:
    'Answers once the new version gets what comes. What readers see changes when it has everything.',
  key: 'read',
  parameters: [
    nameInPath,
    {
      in: 'query',
      name: 'from',
      required: true,
      description: 'What it is made from.',
      schema: { type: 'string', enum: ['archive', 'log', 'events'] },
    },
    boundOf(
      'since',
      'Of a rollup, only buckets that begin then or later: ISO 8601, where a bucket begins.',
    ),
    boundOf('until', 'Only buckets that begin before it.'),
  ],
  success,
  errors: [
    'invalid_body',
    'not_found',
    'replay_invalid',
    'replay_conflict',
    'forget_conflict',
    'history_incomplete',
    'archive_unavailable',
  ],
};

const backOperation: Operation = {
  id: 'replayBack',
  tag: 'operation',
  summary: 'Let readers go back to the version before a replay.',
  key: 'read',
  parameters: [nameInPath],
  success,
  errors: ['not_found', 'replay_conflict'],
};

const dropOperation: Operation = {
  id: 'dropReplay',
  tag: 'operation',
  summary:
    'Give up a replay that is under way, or else drop the version that could be gone back to.',
  key: 'read',
  parameters: [nameInPath],
  success,
  errors: ['not_found', 'replay_conflict'],
};

/**
 * - `GET /v1/replays`: the versions of rollups and windows, and how far each is.
 * - `PUT /v1/replays/sums?from=archive&since=&until=`: begins a replay of the rollup, or the window, `sums`.
 * - `PUT /v1/replays/sums/back`, `DELETE /v1/replays/sums`.
 *
 * PUT, because browsers send none on behalf of foreign pages.
 */
export async function replayRoutes(
  server: FastifyInstance,
  { replays, requireRead }: ReplayRoutesOptions,
): Promise<void> {
  leaveBodiesUnread(server);
  server.addHook('onRequest', requireRead);
  const versions = () => ({ versions: replays.versions() });

  server.get('/v1/replays', { config: { operation: listOperation } }, async () => versions());

  server.put<{ Params: { name: string }; Querystring: Asked }>(
    '/v1/replays/:name',
    { schema: { querystring }, config: { operation: beginOperation } },
    async ({ params, query }) => {
      await replays.begin({
        name: params.name,
        from: sourceOf(query.from),
        sinceMs: timeOf('since', query.since),
        untilMs: timeOf('until', query.until),
      });
      return versions();
    },
  );

  server.put<{ Params: { name: string } }>(
    '/v1/replays/:name/back',
    { config: { operation: backOperation } },
    async ({ params }) => {
      await replays.back(params.name);
      return versions();
    },
  );

  server.delete<{ Params: { name: string } }>(
    '/v1/replays/:name',
    { config: { operation: dropOperation } },
    async ({ params }) => {
      await replays.drop(params.name);
      return versions();
    },
  );
}

const sources: readonly ReplayOrder['from'][] = ['archive', 'log', 'events'];

function sourceOf(text: string | undefined): ReplayOrder['from'] {
  const source = sources.find((one) => one === text);
  if (source !== undefined) return source;
  throw new MillraceError('replay_invalid', `from must be one of ${sources.join(', ')}.`);
}

function timeOf(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const time = readTime(text);
  if (time !== null) return time;
  throw new MillraceError('replay_invalid', `${name} must be a time of ISO 8601.`);
}

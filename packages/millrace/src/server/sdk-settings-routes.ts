import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MillraceError } from '../errors.ts';
import type { Keys } from './keys.ts';
import type { Unlisted } from './openapi/operation.ts';

const operation: Unlisted = { unlisted: 'browser SDKs ask it by themselves' };

/**
 * The settings that the browser SDKs of Segment and RudderStack fetch before they
 * send anything. Without one their own servers are asked for it, so these say
 * what such a server says of a source that delivers to nobody else.
 *
 * @returns the paths there are now.
 */
export function sdkSettingsRoutes(server: FastifyInstance, keys: Keys): readonly string[] {
  const segment = '/v1/projects/:writeKey/settings';
  server.get<{ Params: { writeKey: string } }>(
    segment,
    { config: { operation } },
    async (request, reply) => {
      const { writeKey } = request.params;
      requireWriteKey(keys, writeKey);
      return reply.headers(neverKept).send(segmentSettings(request, writeKey));
    },
  );
  const rudderstack = ['/sourceConfig', '/sourceConfig/'];
  for (const url of rudderstack) {
    server.get(url, { config: { operation } }, async (request, reply) => {
      if (!keys.mayWrite(request)) requireWriteKey(keys, undefined);
      return reply.headers(neverKept).send(rudderstackSettings);
    });
  }
  return [segment, ...rudderstack];
}

/** They say who was asked, and a key may be taken back. */
const neverKept = { 'cache-control': 'no-store' };

function requireWriteKey(keys: Keys, key: unknown): void {
  if (!keys.isWriteKey(key)) {
    throw new MillraceError('unauthorized', 'The settings are for who names a write key.');
  }
}

/** As `CDNSettings` of `@segment/analytics-next`: events go where the settings came from. */
const segmentSettings = (request: FastifyRequest, apiKey: string) => ({
  integrations: {
    'Segment.io': { apiKey, apiHost: `${request.host}/v1`, protocol: protocolOf(request) },
  },
  plan: {
    track: { __default: { enabled: true, integrations: {} } },
    identify: { __default: { enabled: true } },
    group: { __default: { enabled: true } },
  },
  // Else it tells Segment how it fares.
  metrics: { sampleRate: 0 },
});

/** What a proxy that ends TLS says of it; this server itself speaks plain HTTP. */
const protocolOf = ({ headers, protocol }: FastifyRequest): string =>
  headers['x-forwarded-proto'] === 'https' ? 'https' : protocol;

const rudderstackSettings = {
  source: {
    id: 'millrace',
    name: 'Millrace',
    writeKey: '',
    enabled: true,
    workspaceId: 'millrace',
    config: {
      statsCollection: { errors: { enabled: false }, metrics: { enabled: false } },
    },
    destinations: [],
  },
};

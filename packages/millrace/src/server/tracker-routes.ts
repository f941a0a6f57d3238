import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import type { Unlisted } from './openapi/operation.ts';

// Put there by the build of @millrace/track. The same way up from `src` and from `dist`.
const file = new URL('../../dist/track/millrace.js', import.meta.url);

const operation: Unlisted = { unlisted: 'the script for pages, which they name in a tag' };

interface Script {
  readonly plain: Buffer;
  readonly gzip: Buffer;
  readonly headers: { readonly [name: string]: string };
}

/** `GET /millrace.js`: the tracker for pages of any origin. */
export function trackerRoutes(server: FastifyInstance): void {
  let script: Promise<Script> | undefined;
  server.get('/millrace.js', { config: { operation } }, async ({ headers }, reply) => {
    script ??= readScript();
    const { plain, gzip, headers: own } = await script;
    reply.headers(own).type('text/javascript; charset=utf-8');
    if (headers['if-none-match'] === own.etag) return reply.code(304).send();
    if (!/\bgzip\b/.test(headers['accept-encoding'] ?? '')) return reply.send(plain);
    return reply.header('content-encoding', 'gzip').send(gzip);
  });
}

async function readScript(): Promise<Script> {
  const plain = await readFile(file);
  const digest = createHash('sha256').update(plain).digest('base64url');
  return {
    plain,
    gzip: gzipSync(plain, { level: 9 }),
    headers: {
      // Weak: it is the same script packed and unpacked.
      etag: `W/"${digest}"`,
      // A new version is with every visitor within the hour; until it is fetched the old one serves.
      'cache-control': 'public, max-age=3600, stale-while-revalidate=86400',
      vary: 'Origin, Accept-Encoding',
      // For pages that load nothing from elsewhere unless it says so.
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    },
  };
}

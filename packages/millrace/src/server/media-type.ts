import type { FastifyRequest } from 'fastify';

/** The type of a request's body in lower case, without parameters; empty if it names none. */
export const mediaType = ({ headers }: FastifyRequest): string =>
  (headers['content-type'] ?? '').replace(/;.*$/s, '').trim().toLowerCase();

const linesTypes = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl']);

/** Whether each line of such a body is JSON by itself. */
export const isLinesType = (type: string): boolean => linesTypes.has(type);

/** Types under which senders are known to send JSON; none at all is taken as well. */
const jsonTypes = new Set([
  '',
  'application/json',
  'text/json',
  // navigator.sendBeacon, analytics.js
  'text/plain',
  // RudderStack's Node SDK, curl --data
  'application/x-www-form-urlencoded',
]);

export const isJsonType = (type: string): boolean =>
  jsonTypes.has(type) || (type.startsWith('application/') && type.endsWith('+json'));

import type { FastifyReply } from 'fastify';

/** Aborts once there is nobody to answer. */
export function goneReader({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  if (raw.destroyed) gone.abort();
  return gone.signal;
}

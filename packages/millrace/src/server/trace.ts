import type { FastifyRequest } from 'fastify';
import type { IncomingBatch } from '../collect/incoming.ts';

// Source: https://www.w3.org/TR/trace-context/#traceparent-header
const form = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;

/** The trace that a request belongs to, by its W3C Trace Context; none where it names none that is well formed. */
export function traceOf({ headers }: FastifyRequest): Pick<IncomingBatch, 'traceparent'> {
  const { traceparent } = headers;
  return typeof traceparent === 'string' && form.test(traceparent) ? { traceparent } : {};
}

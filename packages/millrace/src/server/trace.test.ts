import fastify from 'fastify';
import { expect, test } from 'vitest';
import { traceOf } from './trace.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';
const span = 'b7ad6b7169203331';

test.each([
  [`00-${trace}-${span}-01`, true],
  [`cc-${trace}-${span}-00`, true],
  [`ff-${trace}-${span}-01`, false],
  [`00-${'0'.repeat(32)}-${span}-01`, false],
  [`00-${trace}-${'0'.repeat(16)}-01`, false],
  [`00-${trace.toUpperCase()}-${span}-01`, false],
  [`00-${trace}-${span}-01, 00-${trace}-${span}-01`, false],
  ['', false],
])('of %s what is well formed is kept', async (traceparent, isKept) => {
  const server = fastify();
  server.get('/', async (request) => traceOf(request));
  const answer = await server.inject({ url: '/', headers: { traceparent } });
  expect(answer.json()).toEqual(isKept ? { traceparent } : {});
});

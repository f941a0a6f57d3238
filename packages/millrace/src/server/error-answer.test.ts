import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { StoreError } from '../ports/store.ts';
import { answerError } from './error-answer.ts';

test.each([
  { code: 0, says: 'The store does not answer: socket hang up' },
  { code: 76, says: 'The store lacks files, threads or turns just now (its code 76).' },
])(
  'a store that cannot answer just now (code $code) is asked again later',
  async ({ code, says }) => {
    const server = Fastify().setErrorHandler(answerError);
    const said = code === 0 ? 'socket hang up' : 'Cannot open file /data/store/x.bin, errno: 24';
    server.get('/', () => Promise.reject(new StoreError(code, said, 'same')));
    const answer = await server.inject('/');
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(answer.json()).toMatchObject({ error: { code: 'store_unavailable', message: says } });
  },
);

test('any other failure of the store is one of ours', async () => {
  const server = Fastify().setErrorHandler(answerError);
  server.get('/', () => Promise.reject(new StoreError(62, 'Syntax error', 'split')));
  const answer = await server.inject('/');
  expect(answer.statusCode).toBe(500);
  expect(answer.json()).toMatchObject({ error: { code: 'internal' } });
});

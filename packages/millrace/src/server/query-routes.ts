import type { FastifyInstance } from 'fastify';
import { MillraceError } from '../errors.ts';
import type { AnswerQuestion } from '../query/answer-question.ts';
import { goneReader } from './gone-reader.ts';
import { type ReaderOf, requireAnyRead } from './keys.ts';
import { json, type Operation, ref } from './openapi/operation.ts';
import { readBody } from './read-body.ts';

export interface QueryRoutesOptions {
  readonly answer: AnswerQuestion;
  readonly readerOf: ReaderOf;
}

const bodyLimits = { bytesMax: 256 * 1024, timeoutMs: 10_000 };
/** Questions under way at once; one more is told to come again. */
const questionsMax = 32;

const kinds = [
  'Question',
  'FunnelQuestion',
  'RetentionQuestion',
  'SessionsQuestion',
  'LiveQuestion',
];

const operation: Operation = {
  id: 'askQuestion',
  tag: 'questions',
  summary: 'Ask a question and get its rows.',
  description:
    'Whatever the content type says, the body is read as JSON. 64-bit integers and decimals are strings in the answer, times ISO 8601 in UTC.',
  key: 'read',
  body: { required: true, content: json({ oneOf: kinds.map(ref) }) },
  success: { description: 'The rows, and what they are of.', content: json(ref('Answer')) },
  errors: [
    'question_invalid',
    'invalid_body',
    'body_too_large',
    'question_too_costly',
    'overloaded',
    'store_unavailable',
  ],
};

/** `POST /v1/query`: a question as JSON (`docs/query.md`), and its `Answer`. */
export async function queryRoutes(
  server: FastifyInstance,
  { answer, readerOf }: QueryRoutesOptions,
): Promise<void> {
  let questions = 0;
  // Whatever its content type says: there is one form a question can have.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));

  server.post(
    '/v1/query',
    { config: { operation }, onRequest: requireAnyRead(readerOf) },
    async (request, reply) => {
      if (questions >= questionsMax) {
        throw new MillraceError('overloaded', `${questions} questions are being answered already.`);
      }
      questions += 1;
      try {
        const document = documentOf(await readBody(request.raw, bodyLimits, () => {}));
        const json = await answer(document, readerOf(request), goneReader(reply));
        return reply.type('application/json; charset=utf-8').send(json);
      } finally {
        questions -= 1;
      }
    },
  );
}

function documentOf(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new MillraceError('question_invalid', `The body is not JSON: ${why}`, { cause: error });
  }
}

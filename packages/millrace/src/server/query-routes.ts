import type { FastifyInstance } from 'fastify';
import { MillraceError } from '../errors.ts';
import type { AnswerQuestion } from '../query/answer-question.ts';
import { bodyBudget } from './body-budget.ts';
import { goneReader } from './gone-reader.ts';
import { type ReaderOf, requireAnyRead } from './keys.ts';
import { json, type Operation, ref } from './openapi/operation.ts';
import { readBody } from './read-body.ts';

export interface QueryRoutesOptions {
  readonly answer: AnswerQuestion;
  readonly readerOf: ReaderOf;
}

const bodyLimits = { bytesMax: 256 * 1024, timeoutMs: 10_000 };
/** Questions that are not answered, those that wait for an answer of another included. */
const questionsMax = 1_024;
/** Of their bodies. */
const bodiesBytesMax = 16 * 1024 ** 2;

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
  const budget = bodyBudget(bodiesBytesMax);
  let questions = 0;
  // Whatever its content type says: there is one form a question can have.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));

  server.post(
    '/v1/query',
    { config: { operation }, onRequest: requireAnyRead(readerOf) },
    async (request, reply) => {
      if (questions >= questionsMax) {
        throw new MillraceError('overloaded', `${questions} questions wait for their answers.`);
      }
      questions += 1;
      let taken = 0;
      const grow = (bytes: number): void => {
        if (!budget.take(bytes)) {
          throw new MillraceError('overloaded', 'Too many bytes of questions wait for answers.');
        }
        taken += bytes;
      };
      try {
        const document = documentOf(await readBody(request.raw, bodyLimits, grow));
        const json = await answer(document, readerOf(request), goneReader(reply));
        return reply.type('application/json; charset=utf-8').send(json);
      } finally {
        questions -= 1;
        budget.giveBack(taken);
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

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Admission } from '../collect/admission.ts';
import type { CollectLimits } from '../collect/limits.ts';
import { readJson } from '../collect/read-json.ts';
import { MillraceError } from '../errors.ts';
import { rowsOfLines } from '../import/chunk-lines.ts';
import type { ImportKey } from '../import/ledger.ts';
import type { ImportTarget } from '../import/target.ts';
import { answerError } from './error-answer.ts';
import { isLinesType, mediaType } from './media-type.ts';
import { json, type Operation, type Parameter, ref } from './openapi/operation.ts';
import {
  createReceive,
  defaultReceiveLimits,
  leaveBodiesUnread,
  receiveErrors,
} from './receive.ts';

export interface ImportRoutesOptions {
  readonly target: ImportTarget;
  readonly admission: Admission;
  readonly limits: CollectLimits;
  /** Write keys are public: with one, anybody could fill the ledger. */
  readonly requireRead: (request: FastifyRequest) => Promise<void>;
}

const digestOf = (name: string, what: string): Parameter => ({
  in: 'path',
  name,
  description: `The digest of ${what}.`,
  schema: { type: 'string', pattern: '^[0-9a-f]{16,64}$' },
});
const ofFile = digestOf('file', "the file's content");
const ofMapping = digestOf('mapping', 'the mapping file');

const rowNumber = (name: string, description: string): Parameter => ({
  in: 'query',
  name,
  required: true,
  description,
  schema: { type: 'integer', minimum: 0, maximum: 999_999_999_999_999 },
});

const settledOperation: Operation = {
  id: 'settleImports',
  tag: 'imports',
  summary: 'Wait until everything taken so far can be queried.',
  key: 'read',
  success: {
    description: 'It can.',
    content: json({
      type: 'object',
      required: ['settled'],
      properties: { settled: { const: true } },
    }),
  },
  errors: ['overloaded'],
};

const importsOperation: Operation = {
  id: 'getImports',
  tag: 'imports',
  summary: 'How far the imports of a file are.',
  key: 'read',
  parameters: [ofFile],
  success: { description: 'One for each mapping.', content: json(ref('Imports')) },
  errors: ['invalid_body'],
};

const chunkOperation: Operation = {
  id: 'importRows',
  tag: 'imports',
  summary: 'Take the rows [from, to) of an import.',
  description: 'A chunk that is sent again changes nothing. It is what `millrace import` sends.',
  key: 'read',
  parameters: [
    ofFile,
    ofMapping,
    rowNumber('from', 'The first row.'),
    rowNumber('to', 'The one behind the last.'),
  ],
  body: {
    required: true,
    content: {
      'application/x-ndjson': {
        type: 'string',
        description:
          'A line for each row: `{"event": {…}, "raw": "…"}`, or `{"code": "…", "message": "…", "raw": "…"}` for one that can be no event.',
      },
    },
  },
  success: { description: 'What became of the rows.', content: json(ref('ChunkReceipt')) },
  errors: [...receiveErrors, 'import_conflict'],
};

const finishOperation: Operation = {
  id: 'finishImport',
  tag: 'imports',
  summary: 'Note that the file has no more than these rows.',
  key: 'read',
  parameters: [ofFile, ofMapping, rowNumber('rows', 'All rows of the file.')],
  success: {
    description: 'It is noted.',
    content: json({
      type: 'object',
      required: ['finished'],
      properties: { finished: { const: true } },
    }),
  },
  errors: ['invalid_body', 'import_conflict', 'log_full', 'log_overloaded'],
};

/**
 * What `millrace import` asks of a pipeline that runs in another process. See
 * `ImportTarget`, of which each route is a function. PUT, because a chunk that
 * is sent again changes nothing, and because browsers send none on behalf of
 * foreign pages.
 */
export async function importRoutes(
  server: FastifyInstance,
  { target, admission, limits, requireRead }: ImportRoutesOptions,
): Promise<void> {
  const { bodyBytesMax } = limits;
  const receive = createReceive(
    { ...defaultReceiveLimits, bodyBytesMax: 4 * bodyBytesMax },
    admission,
  );
  leaveBodiesUnread(server);
  server.setErrorHandler(answerError);
  server.addHook('onRequest', requireRead);

  server.get('/v1/imports/settled', { config: { operation: settledOperation } }, async () => {
    await target.settle();
    return { settled: true };
  });
  server.get<{ Params: { file: string } }>(
    '/v1/imports/:file',
    { config: { operation: importsOperation } },
    async ({ params }) => ({ imports: await target.imports(digest(params.file)) }),
  );
  server.put<{ Params: ImportKey; Querystring: { from?: string; to?: string } }>(
    '/v1/imports/:file/:mapping',
    { config: { operation: chunkOperation } },
    async (request) => {
      if (!isLinesType(mediaType(request))) {
        throw new MillraceError('unsupported_media_type', 'Rows come as application/x-ndjson.');
      }
      const key = keyOf(request.params);
      const from = wholeNumber('from', request.query.from);
      const to = wholeNumber('to', request.query.to);
      if (to <= from) throw new MillraceError('invalid_body', 'to must be more than from.');
      return receive(request, async (body) => {
        return target.append({ key, from, to, ...rowsOfLines(readJson(body, true, limits)) });
      });
    },
  );
  server.put<{ Params: ImportKey; Querystring: { rows?: string } }>(
    '/v1/imports/:file/:mapping/all',
    { config: { operation: finishOperation } },
    async ({ params, query }) => {
      await target.finish(keyOf(params), wholeNumber('rows', query.rows));
      return { finished: true };
    },
  );
}

const keyOf = ({ file, mapping }: ImportKey): ImportKey => ({
  file: digest(file),
  mapping: digest(mapping),
});

function digest(text: string): string {
  if (/^[0-9a-f]{16,64}$/.test(text)) return text;
  throw new MillraceError('invalid_body', `${JSON.stringify(text.slice(0, 100))} is no digest.`);
}

function wholeNumber(name: string, text: string | undefined): number {
  const number = Number(text);
  if (/^\d{1,15}$/.test(text ?? '') && Number.isSafeInteger(number)) return number;
  throw new MillraceError('invalid_body', `${name} must be a whole number.`);
}

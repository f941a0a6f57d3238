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
import { createReceive, defaultReceiveLimits, leaveBodiesUnread } from './receive.ts';

export interface ImportRoutesOptions {
  readonly target: ImportTarget;
  readonly admission: Admission;
  readonly limits: CollectLimits;
  /** Write keys are public: with one, anybody could fill the ledger. */
  readonly requireRead: (request: FastifyRequest) => Promise<void>;
}

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

  server.get('/v1/imports/settled', async () => {
    await target.settle();
    return { settled: true };
  });
  server.get<{ Params: { file: string } }>('/v1/imports/:file', async ({ params }) => ({
    imports: await target.imports(digest(params.file)),
  }));
  server.put<{ Params: ImportKey; Querystring: { from?: string; to?: string } }>(
    '/v1/imports/:file/:mapping',
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

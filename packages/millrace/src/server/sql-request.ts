import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { SqlRefusal } from '../query/sql-guard/index.ts';

/** What a reader asked, taken out of the URL, the headers and the body. */
export interface SqlRequest {
  readonly sql: string;
  readonly queryId: string | null;
  readonly database: string | null;
  readonly defaultFormat: string | null;
  readonly params: { readonly [name: string]: string };
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly compressAnswer: boolean;
}

/** Parameters that are neither a question, a placeholder's value nor a setting. */
const notSettings: ReadonlySet<string> = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'enable_http_compression',
  'user',
  'password',
  'quota_key',
  'session_id',
  'session_timeout',
  'session_check',
  'role',
  'compress',
  'decompress',
  'close_session',
  'stacktrace',
  'client_protocol_version',
]);

export function readSqlRequest(search: URLSearchParams, body: string): SqlRequest {
  const settings: [string, string][] = [];
  const params: Record<string, string> = Object.create(null);
  for (const [name, value] of search) {
    if (name.startsWith('param_')) params[name.slice('param_'.length)] = value;
    else if (!notSettings.has(name)) settings.push([name, value]);
  }
  if (search.get('compress') === '1' || search.get('decompress') === '1') {
    throw new SqlRefusal(
      'NOT_IMPLEMENTED',
      "ClickHouse's own compression is not supported: use enable_http_compression=1",
    );
  }
  const query = search.getAll('query').join('');
  return {
    sql: query === '' ? body : body === '' ? query : `${query}\n${body}`,
    queryId: search.get('query_id'),
    database: search.get('database'),
    defaultFormat: search.get('default_format'),
    params,
    settings,
    compressAnswer: search.get('enable_http_compression') === '1',
  };
}

/**
 * The body as text.
 *
 * @throws SqlRefusal for an unknown encoding, a body that cannot be unpacked,
 *   is larger than `bytesMax`, or is no UTF-8.
 */
export function readSqlBody(body: Buffer, encoding: string | undefined, bytesMax: number): string {
  let bytes: Buffer;
  try {
    bytes = unpack(body, encoding, bytesMax);
  } catch (error) {
    if (error instanceof SqlRefusal) throw error;
    if (error instanceof RangeError) {
      throw new SqlRefusal('QUERY_IS_TOO_LARGE', `The body has more than ${bytesMax} bytes`);
    }
    throw new SqlRefusal('INCORRECT_DATA', `The body cannot be unpacked as ${encoding}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SqlRefusal('INCORRECT_DATA', 'The body is not UTF-8');
  }
}

function unpack(body: Buffer, encoding: string | undefined, maxOutputLength: number): Buffer {
  switch (encoding) {
    case undefined:
    case '':
    case 'identity':
      return body;
    case 'gzip':
      return gunzipSync(body, { maxOutputLength });
    case 'deflate':
      return inflateSync(body, { maxOutputLength });
    case 'br':
      return brotliDecompressSync(body, { maxOutputLength });
    default:
      throw new SqlRefusal(
        'NOT_IMPLEMENTED',
        `Unknown Content-Encoding ${encoding}: use gzip, deflate or br`,
      );
  }
}

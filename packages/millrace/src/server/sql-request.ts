import type { IncomingHttpHeaders } from 'node:http';
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
  /** Whether it reads the `Native` format with what ClickHouse's own protocol adds to it. */
  readonly speaksNative: boolean;
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

/** The format and the database may also come in headers, which the URL wins over. */
export function readSqlRequest(
  url: URLSearchParams,
  { text, fields }: SqlBody,
  headers: IncomingHttpHeaders,
): SqlRequest {
  const search = new URLSearchParams([...url, ...fields]);
  const settings: [string, string][] = [];
  const params: Record<string, string> = Object.create(null);
  for (const [name, value] of search) {
    if (name.startsWith('param_')) params[name.slice('param_'.length)] = value;
    else if (!notSettings.has(name)) settings.push([name, value]);
  }
  if (search.get('compress') === '1' || search.get('decompress') === '1') {
    throw new SqlRefusal(
      'NOT_IMPLEMENTED',
      "ClickHouse's own compression is not supported: use enable_http_compression=1, or compress=false where a driver has it",
    );
  }
  const query = search.getAll('query').join('');
  return {
    sql: query === '' ? text : text === '' ? query : `${query}\n${text}`,
    queryId: search.get('query_id'),
    database: search.get('database') ?? headerOf(headers, 'x-clickhouse-database'),
    defaultFormat: search.get('default_format') ?? headerOf(headers, 'x-clickhouse-format'),
    params,
    settings,
    compressAnswer: search.get('enable_http_compression') === '1',
    speaksNative: Number(search.get('client_protocol_version') ?? 0) > 0,
  };
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** What a body holds: a statement, or a form whose fields are as good as the URL's. */
export interface SqlBody {
  readonly text: string;
  readonly fields: readonly [name: string, value: string][];
}

/**
 * Clients send what is too long for a URL as `multipart/form-data`.
 *
 * @throws SqlRefusal for an unknown encoding, a body that cannot be unpacked,
 *   is larger than `bytesMax`, or is no UTF-8, or no form where it says so.
 */
export async function readSqlBody(
  body: Buffer,
  headers: IncomingHttpHeaders,
  bytesMax: number,
): Promise<SqlBody> {
  const encoding = headers['content-encoding'];
  const contentType = headers['content-type'] ?? '';
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
  if (/^multipart\/form-data\b/i.test(contentType)) {
    return { text: '', fields: await readForm(bytes, contentType) };
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), fields: [] };
  } catch {
    throw new SqlRefusal('INCORRECT_DATA', 'The body is not UTF-8');
  }
}

async function readForm(bytes: Buffer, contentType: string): Promise<SqlBody['fields']> {
  let form: FormData;
  try {
    form = await new Response(bytes, { headers: { 'content-type': contentType } }).formData();
  } catch {
    throw new SqlRefusal('INCORRECT_DATA', 'The body is not multipart/form-data');
  }
  return [...form].map(([name, value]) => {
    if (typeof value === 'string') return [name, value];
    throw new SqlRefusal('NOT_IMPLEMENTED', 'External data is not supported');
  });
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

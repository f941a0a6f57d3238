import type { Random } from '../random.ts';
import { encoded } from './encodings.ts';
import { cloudEventText, nativeText, segmentText } from './event-text.ts';
import { forgetText } from './forget-order.ts';
import { objectText, stringText, valueText } from './json-text.ts';
import { questionText } from './question-text.ts';
import { sqlText } from './sql-text.ts';

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: Buffer;
  /** How many events are in it should it be understood; null where nobody can say. */
  readonly events: number | null;
}

export const writeKey = 'fuzz-writer';
export const readKey = 'fuzz-reader';

/** One request, nearly always one that HTTP allows, to one of the endpoints. */
export function fuzzRequest(random: Random): FuzzRequest {
  const kind = random.next();
  if (kind < 0.5) return eventsRequest(random);
  if (kind < 0.7) return segmentRequest(random);
  if (kind < 0.82) return cloudEventsRequest(random);
  if (kind < 0.83) return binaryCloudEventRequest(random);
  if (kind < 0.87) return sqlRequest(random);
  if (kind < 0.9) return importRequest(random);
  if (kind < 0.93) return questionRequest(random);
  if (kind < 0.94) return readerRequest(random);
  if (kind < 0.95) return forgetRequest(random);
  return oddRequest(random);
}

const jsonTypes = ['application/json', 'application/json; charset=utf-8', 'text/plain', ''];
const otherTypes = [
  'image/png',
  'multipart/form-data; boundary=x',
  'application/',
  ';',
  'x'.repeat(2_000),
];
const linesType = 'application/x-ndjson';

/** A batch in one of its shapes, as bytes, with the type that goes with it. */
function batch(
  random: Random,
  event: (random: Random) => string,
): { readonly text: Buffer; readonly type: string } {
  const few = Array.from({ length: random.between(0, 5) }, () => event(random));
  const short = few.filter(({ length }) => length < 1_000);
  // Around the limit of events in a batch, the same ones will do.
  const many = random.chance(0.002) ? random.pick([500, 10_000, 10_001]) : 0;
  const events = Array.from({ length: many }, (_, at) => short[at % short.length] ?? '{}');
  events.push(...few);
  const shape = random.next();
  if (shape < 0.3) {
    const text = events.join(random.pick(['\n', '\r\n', '\n\n \n']));
    return { text: mutated(text, random), type: random.chance(0.8) ? linesType : jsonType(random) };
  }
  if (shape < 0.5) return { text: mutated(events[0] ?? '', random), type: jsonType(random) };
  const array = `[${events.join(',')}]`;
  if (shape < 0.8) return { text: mutated(array, random), type: jsonType(random) };
  const around = objectText(
    [
      ['"batch"', array],
      ...(random.chance(0.5) ? [['"sent_at"', valueText(random)] as const] : []),
      ...(random.chance(0.2) ? [['"context"', valueText(random)] as const] : []),
      ...(random.chance(0.2) ? [['"writeKey"', `"${writeKey}"`] as const] : []),
    ],
    random,
  );
  return { text: mutated(around, random), type: jsonType(random) };
}

const jsonType = (random: Random): string =>
  random.chance(0.95) ? random.pick(jsonTypes) : random.pick([...otherTypes, linesType]);

const pieces = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\', '\\u0000', '\n', '\0', '-', 'e', '\u2028'].map(
    (text) => Buffer.from(text),
  ),
  ...[[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xef, 0xbb, 0xbf], [0xf5], [0xfe, 0xff]].map(
    (bytes) => Buffer.from(bytes),
  ),
];

/** A few of its bytes left out, and others put in; mostly none. */
function mutated(text: string, random: Random): Buffer {
  let bytes = Buffer.from(text);
  if (random.chance(0.02)) bytes = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
  for (let n = random.chance(0.15) ? random.between(1, 4) : 0; n > 0; n -= 1) {
    const at = random.between(0, bytes.length);
    const left = at + (random.chance(0.5) ? 0 : random.between(0, 12));
    const put = random.chance(0.7) ? random.pick(pieces) : Buffer.alloc(0);
    bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(left)]);
  }
  return random.chance(0.02) ? bytes.subarray(0, random.between(0, bytes.length)) : bytes;
}

const hostileHeaders: readonly (readonly [name: string, value: string])[] = [
  ['content-type', 'application/json'],
  ['origin', 'https://shop.example'],
  ['origin', 'null'],
  ['expect', '100-continue'],
  ['accept-encoding', 'gzip;q=0, *'],
  ['x-forwarded-for', '127.0.0.1'],
  ['x-http-method-override', 'DELETE'],
  ['x-clickhouse-format', 'Native'],
  ['transfer-encoding', 'chunked'],
  ['upgrade', 'websocket'],
  ['cookie', 'a=b; '.repeat(500)],
  ['__proto__', 'x'],
  ['constructor', 'x'],
  ['ce-specversion', '1.0'],
  ['range', 'bytes=0-1'],
  ['if-none-match', '*'],
];

const wrongKeys = [
  'Bearer x',
  'Basic eDp5',
  'Basic !!!',
  'Bearer',
  'Digest a',
  `Bearer ${readKey}`,
  '',
];

function toCollector(
  path: string,
  random: Random,
  { text, type }: { readonly text: Buffer; readonly type: string },
  linesHere: boolean,
): FuzzRequest {
  const { body, encoding, faithful } = encoded(text, random);
  const right = random.pick([
    `Bearer ${writeKey}`,
    `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`,
  ]);
  const more = random.chance(0.05) ? [random.pick(hostileHeaders)] : [];
  return {
    method: 'POST',
    path,
    headers: {
      authorization: random.chance(0.97) ? right : random.pick(wrongKeys),
      ...(type === '' ? {} : { 'content-type': type }),
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
      ...Object.fromEntries(more),
    },
    body,
    events: faithful && more.length === 0 ? eventsIn(text, linesHere) : null,
  };
}

/** How many events a body holds, told in another way than the collector's. */
function eventsIn(bytes: Buffer, lines: boolean): number {
  const text = bytes.toString().replace(/^\ufeff/, '');
  if (!lines) {
    try {
      const value: unknown = JSON.parse(text);
      if (Array.isArray(value)) return value.length;
      const isBatch = typeof value === 'object' && value !== null && 'batch' in value;
      return isBatch && Array.isArray(value.batch) ? value.batch.length : 1;
    } catch {
      // Then, if it is anything, it is lines.
    }
  }
  return text.split('\n').filter((line) => /[^ \t\r]/.test(line)).length;
}

function eventsRequest(random: Random): FuzzRequest {
  const sent = batch(random, nativeText);
  return toCollector('/v1/events', random, sent, sent.type === linesType);
}

function segmentRequest(random: Random): FuzzRequest {
  const sent = batch(random, segmentText);
  const path = random.pick([
    'batch',
    'batch',
    'import',
    'track',
    'page',
    'identify',
    'group',
    'alias',
  ]);
  return toCollector(`/v1/${path}`, random, sent, sent.type === linesType);
}

function cloudEventsRequest(random: Random): FuzzRequest {
  const { text } = batch(random, cloudEventText);
  const type = random.pick(['application/cloudevents+json', 'application/cloudevents-batch+json']);
  return toCollector('/v1/events', random, { text, type }, false);
}

function binaryCloudEventRequest(random: Random): FuzzRequest {
  const sent = toCollector(
    '/v1/events',
    random,
    { text: mutated(valueText(random), random), type: 'application/json' },
    false,
  );
  return {
    ...sent,
    headers: {
      ...sent.headers,
      'ce-specversion': random.pick(['1.0', '1.0', '0.3', '']),
      'ce-id': random.pick(['1', '%F0%9F%98%80', '%', '%00', 'x'.repeat(300)]),
      'ce-source': random.pick(['/fuzz', '%E0%A4%A', '']),
      'ce-type': random.pick(['everything', '%00', 'nope']),
      ...(random.chance(0.3)
        ? { [`ce-${random.pick(['time', 'data', '__proto__', 'a.b'])}`]: 'x' }
        : {}),
    },
    events: sent.events === null ? null : 1,
  };
}

function importRequest(random: Random): FuzzRequest {
  const digest = (): string =>
    Array.from({ length: 16 }, () => '0123456789abcdef'.charAt(random.between(0, 15))).join('');
  const [file, mapping] = [
    digest(),
    random.chance(0.9) ? digest() : random.pick(['..', 'x', '%00', 'é']),
  ];
  const way = random.next();
  const authorization = random.chance(0.95) ? `Bearer ${readKey}` : `Bearer ${writeKey}`;
  if (way < 0.2) {
    return {
      method: 'GET',
      path: `/v1/imports/${file}`,
      headers: { authorization },
      body: Buffer.alloc(0),
      events: null,
    };
  }
  if (way < 0.3) {
    const rows = random.pick(['0', '1', '-1', '1e3', '']);
    const path = `/v1/imports/${file}/${encodeURIComponent(mapping)}/all?rows=${rows}`;
    return { method: 'PUT', path, headers: { authorization }, body: Buffer.alloc(0), events: null };
  }
  const sent = batch(random, (each) =>
    each.chance(0.9)
      ? objectText(
          [
            ['"event"', nativeText(each)],
            ['"raw"', stringText(each)],
          ],
          each,
        )
      : objectText(
          [
            ['"code"', '"bad_timestamp"'],
            ['"message"', stringText(each)],
            ['"raw"', '"x"'],
          ],
          each,
        ),
  );
  const bounds = random.chance(0.9)
    ? 'from=0&to=5'
    : random.pick(['from=1&to=2', 'from=2&to=1', 'from=0', 'to=9007199254740993&from=0', '']);
  const taken = toCollector(
    `/v1/imports/${file}/${encodeURIComponent(mapping)}?${bounds}`,
    random,
    { text: sent.text, type: random.chance(0.95) ? linesType : sent.type },
    true,
  );
  return { ...taken, method: 'PUT', headers: { ...taken.headers, authorization } };
}

const settings = [
  'max_threads=x',
  'readonly=0',
  'a=b',
  '__proto__=1',
  'compress=1',
  'database=secret',
  'session_id=1',
];

function sqlRequest(random: Random): FuzzRequest {
  const text = Buffer.from(sqlText(random));
  const more = random.chance(0.15) ? `&${random.pick(settings)}` : '';
  const format = random.chance(0.5) ? '&default_format=JSON' : '';
  const authorization = random.chance(0.97) ? `Bearer ${readKey}` : random.pick(wrongKeys);
  const base = `/sql?max_execution_time=1&param_p=x${format}${more}`;
  if (random.chance(0.2)) {
    const path = `${base}&query=${encodeURIComponent(text.toString())}`;
    return { method: 'GET', path, headers: { authorization }, body: Buffer.alloc(0), events: null };
  }
  const form = random.chance(0.1);
  const fields = `--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n${text}\r\n--x--\r\n`;
  const plain = form ? Buffer.from(fields) : text;
  const spoiled = random.chance(0.05) ? mutated(plain.toString(), random) : plain;
  const { body, encoding } = encoded(spoiled, random);
  return {
    method: 'POST',
    path: base,
    headers: {
      authorization,
      ...(form
        ? { 'content-type': `multipart/form-data; boundary=${random.pick(['x', 'x', 'y'])}` }
        : {}),
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    },
    body,
    events: null,
  };
}

function questionRequest(random: Random): FuzzRequest {
  const authorization = random.chance(0.97) ? `Bearer ${readKey}` : random.pick(wrongKeys);
  const contentType = random.pick([...jsonTypes, linesType]);
  return {
    method: 'POST',
    path: '/v1/query',
    headers: { authorization, ...(contentType === '' ? {} : { 'content-type': contentType }) },
    body: mutated(questionText(random), random),
    events: null,
  };
}

const filters = [
  ...['', 'limit=3', 'limit=0', 'limit=1001', 'limit=-1', 'limit=1&limit=2', 'type=everything'],
  ...['code=unknown_type', "code='", 'since=2026-01-01', 'since=x', 'id=0/0', 'id=0/x', 'nope=1'],
];

/** What whoever reads dead letters and windows asks for; nothing that changes them, or never ends. */
function readerRequest(random: Random): FuzzRequest {
  const authorization = random.chance(0.95) ? `Bearer ${readKey}` : `Bearer ${writeKey}`;
  const [method, path] = random.pick([
    ['GET', `/v1/dead-letters?${random.pick(filters)}`],
    ['GET', `/v1/dead-letters/0/${random.pick(['0', '1', '7', '999999999', '-1', 'x', '%00'])}`],
    ['PUT', `/v1/dead-letters/retry?code=${random.pick(['nope', "'", '%00', '%F0%9F%98%80'])}`],
    ['GET', `/v1/windows/${random.pick(['nope', '__proto__', '%2e%2e', '%00'])}/stream`],
    ['GET', '/openapi.json'],
  ] as const);
  return { method, path, headers: { authorization }, body: Buffer.alloc(0), events: null };
}

function forgetRequest(random: Random): FuzzRequest {
  const method = random.chance(0.8) ? 'PUT' : random.pick(['GET', 'GET', 'HEAD', 'POST', 'DELETE']);
  const contentType = random.pick([...jsonTypes, ...otherTypes, linesType]);
  return {
    method,
    path: '/v1/forgotten',
    headers: {
      authorization: random.chance(0.95) ? `Bearer ${readKey}` : random.pick(wrongKeys),
      ...(contentType === '' ? {} : { 'content-type': contentType }),
    },
    body: method === 'PUT' ? mutated(forgetText(random), random) : Buffer.alloc(0),
    events: null,
  };
}

const methods = [
  'GET',
  'HEAD',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'PROPFIND',
  'TRACE',
  'SEARCH',
  'POST',
];
const paths = [
  ...[
    '/',
    '/healthz',
    '/readyz',
    '/v1/status',
    '/metrics',
    '/sql/ping',
    '/sql/replicas_status',
    '/sql',
  ],
  ...[
    '/dashboard/pipeline.json',
    '/explore',
    '/dashboard/index.html',
    '/dashboard/../package.json',
    '/dashboard/%2e%2e/x',
  ],
  ...[
    '/v1/events',
    '/v1/track',
    '/v1/imports/settled',
    '/v1/imports/a/b',
    '/nowhere',
    '//',
    '/v1/events/',
  ],
  ...[
    '/%',
    '/%00',
    '/%ff',
    '/v1/%65vents',
    '/v1/events?writeKey=x',
    `/${'x'.repeat(6_000)}`,
    '/?a=%',
    '/;a',
  ],
  ...[
    '/v1/imports/%',
    `/v1/imports/${'a'.repeat(500)}`,
    '/__proto__',
    '/constructor',
    '/v1/events#x',
    '/*',
  ],
];

function oddRequest(random: Random): FuzzRequest {
  const method = random.pick(methods);
  const authorization = random.pick([`Bearer ${readKey}`, `Bearer ${writeKey}`, 'Bearer x']);
  const hasBody = random.chance(0.2) && method !== 'GET' && method !== 'HEAD' && method !== 'TRACE';
  const hostile = random.chance(0.3) ? [random.pick(hostileHeaders)] : [];
  return {
    method,
    path: random.pick(paths),
    headers: { authorization, ...Object.fromEntries(hostile) },
    body: hasBody ? mutated(valueText(random), random) : Buffer.alloc(0),
    events: null,
  };
}

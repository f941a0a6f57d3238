import { type ErrorCode, errors } from '../../errors.ts';
import type { Json, KeyKind } from './operation.ts';

/** What any route may answer: bytes that are no request, one that stalls, a defect, the end. */
export const ofEveryRoute: readonly ErrorCode[] = [
  'invalid_request',
  'request_timeout',
  'headers_too_large',
  'internal',
  'shutting_down',
];

/** What a route may answer to a key. */
const ofKeys: { readonly [key in KeyKind]: readonly ErrorCode[] } = {
  none: [],
  write: ['unauthorized'],
  read: ['unauthorized', 'read_key_limited'],
};

/** The answers of a route that say what went wrong, by their status. */
export function failures(codes: readonly ErrorCode[], key: KeyKind): { [status: string]: Json } {
  const all = [...codes, ...ofKeys[key], ...ofEveryRoute];
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(all)) {
    const { status } = errors[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, given]) => [status, failure(given)]));
}

const failure = (codes: readonly ErrorCode[]): Json => ({
  description: codes.map((code) => `\`${code}\`: ${errors[code].mend}`).join('\n\n'),
  headers: headersOf(codes),
  content: {
    'application/json': {
      schema: {
        allOf: [
          { $ref: '#/components/schemas/Error' },
          {
            type: 'object',
            properties: {
              error: { type: 'object', properties: { code: { enum: [...codes] } } },
            },
          },
        ],
      },
    },
  },
});

/** Codes after which the same request may be sent again. */
const isOverload = (code: ErrorCode): boolean => [429, 503].includes(errors[code].status);

function headersOf(codes: readonly ErrorCode[]): { [name: string]: Json } {
  return {
    ...(codes.every(isOverload)
      ? { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }
      : {}),
    ...(codes.includes('unauthorized')
      ? { 'WWW-Authenticate': { $ref: '#/components/headers/WWWAuthenticate' } }
      : {}),
    ...(codes.includes('method_not_allowed')
      ? { Allow: { $ref: '#/components/headers/Allow' } }
      : {}),
  };
}

/** Headers that several answers have. */
export const answerHeaders: { readonly [name: string]: Json } = {
  RetryAfter: {
    description: 'Seconds after which the same request may be sent again.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
  WWWAuthenticate: {
    description: 'How to send a key.',
    required: true,
    schema: { type: 'string' },
  },
  Allow: { description: 'The methods of the path.', required: true, schema: { type: 'string' } },
};

/** The one shape that all errors have. */
export const errorSchema: Json = {
  type: 'object',
  required: ['error'],
  additionalProperties: false,
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'mend'],
      additionalProperties: false,
      properties: {
        code: { enum: Object.keys(errors), description: 'It never changes its meaning.' },
        message: { type: 'string', description: 'What happened, and where.' },
        mend: { type: 'string', description: 'What to do about it.' },
      },
    },
  },
};

import { type JsonSchema, json, type Operation, type Parameter, ref } from './openapi/operation.ts';
import { codesByStatus } from './sql-errors.ts';
import { answerMediaTypes, formatNames } from './sql-formats.ts';

const text: JsonSchema = { type: 'string' };

const parameter = (name: string, description: string, schema: JsonSchema = text): Parameter => ({
  in: 'query',
  name,
  description,
  schema,
});

const parameters: readonly Parameter[] = [
  parameter('query', 'The statement, or its beginning: the body follows it.'),
  parameter('default_format', 'Of the answer, if the statement has no FORMAT.', {
    type: 'string',
    examples: ['JSONEachRow', 'CSVWithNames'],
    description: `In any case: ${formatNames.join(', ')}.`,
    default: 'TabSeparated',
  }),
  parameter('database', 'Only for clients that name one.', {
    type: 'string',
    examples: ['default'],
  }),
  parameter(
    'query_id',
    'Comes back in X-ClickHouse-Query-Id; KILL QUERY finds the question by it.',
  ),
  parameter('enable_http_compression', 'With 1 and Accept-Encoding: gzip the answer is packed.', {
    type: 'string',
    enum: ['0', '1'],
  }),
];

const answers = Object.fromEntries(
  answerMediaTypes.map((type): [string, JsonSchema] => [type, {}]),
);

/** A refusal of ClickHouse's; what it is of is in X-ClickHouse-Exception-Code. */
const refused = (status: number, codes: string) => ({
  status,
  description: codes
    .split(/\s+/)
    .map((code) => `\`${code}\``)
    .join(', '),
  content: { 'text/plain': text, ...([500, 503].includes(status) ? json(ref('Error')) : {}) },
});

/** The ClickHouse HTTP interface answers in ClickHouse's own way, errors included. */
export const sqlOperation = (method: 'GET' | 'POST'): Operation => ({
  id: method === 'GET' ? 'getSql' : 'postSql',
  tag: 'questions',
  summary: 'Ask in SQL, as of a ClickHouse server that only reads.',
  description:
    'A parameter `param_NAME` is the value of `{NAME:Type}` in the statement; any other is a setting of the question. Without a statement GET answers `Ok.`, which clients take for a sign of life.',
  key: 'read',
  parameters,
  ...(method === 'GET'
    ? {}
    : {
        body: {
          required: false,
          content: {
            'text/plain': { type: 'string', description: 'The statement.' },
            'multipart/form-data': {
              type: 'object',
              description: 'Parameters that are too long for a URL.',
              additionalProperties: text,
            },
          },
        },
      }),
  success: {
    description: 'The rows, in the format asked.',
    content: { ...answers, ...(method === 'GET' ? { 'text/html': text } : {}) },
  },
  errors: [],
  otherAnswers: [
    ...Object.entries(codesByStatus).map(([status, codes]) => refused(Number(status), codes)),
    refused(500, 'UNKNOWN_EXCEPTION:1002 and_all_others'),
  ],
});

/** What watches over ClickHouse servers asks. */
export const pingOperation = (url: string): Operation => ({
  id: url.replace(/\W+/g, '_').slice(1),
  tag: 'operation',
  summary: "As a ClickHouse server's own: whether the process is alive.",
  key: 'none',
  success: { description: 'It is.', content: { 'text/html': text } },
  errors: [],
});

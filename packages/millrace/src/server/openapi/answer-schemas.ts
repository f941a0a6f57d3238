import { refusals } from '../../collect/refusals.ts';
import { type JsonSchema, orNullOf, ref } from './operation.ts';

const count: JsonSchema = { type: 'integer', minimum: 0 };
const text: JsonSchema = { type: 'string' };
const time: JsonSchema = { type: 'string', format: 'date-time' };
const letterId: JsonSchema = { type: 'string', pattern: '^[0-9]+/[0-9]+$', examples: ['0/17'] };
const refusalCode: JsonSchema = { type: 'string', enum: Object.keys(refusals) };

/** An object of exactly these members, each of them there but for those named. */
const exactly = (
  properties: { readonly [name: string]: JsonSchema },
  optional: readonly string[] = [],
): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });

const receipt = {
  accepted: { ...count, description: 'Events that are kept, duplicates among them.' },
  assigned: listOf(exactly({ index: count, event_id: text })),
  rejected: listOf(ref('Rejection')),
};

const letter = {
  id: letterId,
  received_at: time,
  code: refusalCode,
  reason: text,
  protocol: { type: 'string', enum: ['native', 'segment', 'cloudevents', 'import'] },
  event_id: orNullOf('string'),
  type: orNullOf('string'),
  retried_at: { ...orNullOf('string'), format: 'date-time' },
} satisfies { readonly [name: string]: JsonSchema };

/** What the server answers, whatever the pipeline is. */
export const answerSchemas: { readonly [name: string]: JsonSchema } = {
  Rejection: exactly(
    {
      index: { ...count, description: 'The place of the event in the request.' },
      event_id: text,
      code: refusalCode,
      message: text,
    },
    ['event_id'],
  ),
  Receipt: exactly(receipt),
  SegmentReceipt: exactly({ success: { const: true }, ...receipt }),
  LetterSummary: exactly(letter),
  Letter: exactly({ ...letter, raw_base64: { type: 'string', contentEncoding: 'base64' } }),
  Letters: exactly({
    counts: listOf(exactly({ code: refusalCode, letters: count, retried: count })),
    letters: listOf(ref('LetterSummary')),
  }),
  RetryReceipt: exactly({
    accepted: count,
    duplicates: count,
    rejected: listOf(exactly({ id: letterId, code: refusalCode, message: text })),
    last: { ...orNullOf('string'), description: 'Ask again with it as `after`, until it is null.' },
  }),
  Imports: exactly({
    imports: listOf(exactly({ mapping: text, position: count, finished: { type: 'boolean' } })),
  }),
  ChunkReceipt: exactly(
    { accepted: count, duplicates: count, rejected: listOf(ref('Rejection')), assigned: {} },
    ['assigned'],
  ),
  Answer: exactly({
    columns: listOf(exactly({ name: text, type: text })),
    truncated: { type: 'boolean', description: 'Whether the limit held back more rows.' },
    served_by: { type: 'string', description: '`events`, or the rollup that was read.' },
    kept_since: { ...orNullOf('string'), format: 'date-time' },
    as_of: time,
    rows_read: count,
    elapsed_ms: count,
    rows: listOf({
      type: 'object',
      additionalProperties: {
        anyOf: [
          { type: ['string', 'number', 'boolean', 'null'] },
          listOf({ type: ['number', 'null'] }),
        ],
      },
    }),
  }),
  Status: {
    type: 'object',
    required: ['pipeline', 'version', 'runtime', 'started_at', 'accepted', 'stored', 'duplicates'],
    properties: {
      pipeline: text,
      version: text,
      runtime: { const: 'embedded' },
      started_at: time,
      accepted: count,
      stored: count,
      duplicates: count,
      late: count,
      dead_letters: count,
      events_per_second: { type: 'number', minimum: 0 },
      lag_ms: { type: 'number', minimum: 0 },
      as_of: time,
      problem: orNullOf('string'),
      sizes: { type: 'object', additionalProperties: count },
    },
  },
};

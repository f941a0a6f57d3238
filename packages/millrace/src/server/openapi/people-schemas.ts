import { personFields } from '../../define/person.ts';
import { bounds } from '../../plan/contradiction.ts';
import { minutesBounds } from '../../plan/questions/read-live.ts';
import { periodsBounds } from '../../plan/questions/read-retention.ts';
import { retentionWidths } from '../../plan/questions/retention.ts';
import { widths } from '../../plan/widths.ts';
import { type JsonSchema, ref } from './operation.ts';

/** What the schemas of all kinds of question are made of. */
export interface QuestionParts {
  readonly from: JsonSchema;
  readonly by: JsonSchema;
  readonly levels: JsonSchema;
  readonly common: { readonly [name: string]: JsonSchema };
}

/** What tells one person from another. */
const perSchema: JsonSchema = {
  type: 'string',
  enum: personFields,
  default: 'user_id',
  description: 'Whose events belong together.',
};

const durationSchema: JsonSchema = { type: 'string', pattern: '^\\d{1,15}(ms|s|m|h|d)$' };

const zoneSchema: JsonSchema = {
  type: 'string',
  description: 'The time zone of buckets, as `Europe/London`.',
  default: 'UTC',
};

const countSchema = ({ max, default: otherwise }: typeof minutesBounds | typeof periodsBounds) =>
  ({ type: 'integer', minimum: 1, maximum: max, default: otherwise }) as const;

export const funnelSchema = ({ from, by, levels, common }: QuestionParts): JsonSchema => ({
  type: 'object',
  required: ['kind', 'steps', 'within'],
  additionalProperties: false,
  properties: {
    kind: { type: 'string', enum: ['funnel'] },
    steps: {
      type: 'array',
      description: 'One after another.',
      minItems: 2,
      maxItems: bounds.dimensionsMax,
      items: {
        type: 'object',
        required: ['from'],
        additionalProperties: false,
        properties: { from, where: ref('Condition') },
      },
    },
    within: {
      ...durationSchema,
      description: 'How long after the first step the last may be: `7d`.',
    },
    per: perSchema,
    by: { ...by, description: 'A funnel for each value that the event of the first step has.' },
    levels: {
      ...levels,
      default: [0.5],
      description: 'Which quantiles of the time from the first step on.',
    },
    ...common,
  },
});

export const retentionSchema = ({ from, common }: QuestionParts): JsonSchema => {
  const events: JsonSchema = {
    type: 'object',
    additionalProperties: false,
    properties: { from, where: ref('Condition') },
  };
  return {
    type: 'object',
    required: ['kind', 'every'],
    additionalProperties: false,
    properties: {
      kind: { type: 'string', enum: ['retention'] },
      first: { ...events, description: 'With which event somebody begins. Default: any.' },
      return: { ...events, description: 'With which event somebody comes back. Default: any.' },
      every: {
        type: 'string',
        enum: retentionWidths,
        description: 'The width of cohorts and periods.',
      },
      periods: {
        ...countSchema(periodsBounds),
        description: 'The last period of a cohort, whose own bucket is 0.',
      },
      per: perSchema,
      zone: zoneSchema,
      ...common,
    },
  };
};

export const sessionsSchema = ({ from, by, levels, common }: QuestionParts): JsonSchema => ({
  type: 'object',
  required: ['kind'],
  additionalProperties: false,
  properties: {
    kind: { type: 'string', enum: ['sessions'] },
    from,
    where: ref('Condition'),
    gap: {
      ...durationSchema,
      default: '30m',
      description: 'After so long without an event the next one begins another session.',
    },
    per: perSchema,
    every: { type: 'string', enum: widths, description: 'The width of the buckets they begin in.' },
    zone: zoneSchema,
    entry: { ...by, description: 'Fields of the first event: a row for each combination.' },
    exit: { ...by, description: 'Fields of the last event: a row for each combination.' },
    levels: { ...levels, default: [0.5], description: 'Which quantiles of the length.' },
    ...common,
  },
});

export const liveSchema = ({ from, common }: QuestionParts): JsonSchema => ({
  type: 'object',
  required: ['kind'],
  additionalProperties: false,
  properties: {
    kind: { type: 'string', enum: ['live'] },
    minutes: {
      ...countSchema(minutesBounds),
      description: 'How many, the one under way among them.',
    },
    from,
    where: ref('Condition'),
    per: perSchema,
    ...Object.fromEntries(
      Object.entries(common).filter(([name]) => name === 'age' || name === 'explain'),
    ),
  },
});

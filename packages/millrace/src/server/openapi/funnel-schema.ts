import { personFields } from '../../define/person.ts';
import { bounds } from '../../plan/contradiction.ts';
import { type JsonSchema, ref } from './operation.ts';

/** What the schemas of all kinds of question are made of. */
export interface QuestionParts {
  readonly from: JsonSchema;
  readonly by: JsonSchema;
  readonly levels: JsonSchema;
  readonly common: { readonly [name: string]: JsonSchema };
}

/** What tells one person from another. */
export const perSchema: JsonSchema = {
  type: 'string',
  enum: personFields,
  default: 'user_id',
  description: 'Whose events belong together.',
};

export const durationSchema: JsonSchema = { type: 'string', pattern: '^\\d{1,15}(ms|s|m|h|d)$' };

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

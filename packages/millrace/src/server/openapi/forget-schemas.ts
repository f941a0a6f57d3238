import type { ForgetStatus } from '../../forget/forgetter.ts';
import type { TouchedRollup } from '../../ports/forget-progress.ts';
import { type JsonSchema, orNullOf, ref } from './operation.ts';
import { exactly, listOf, type Members, text, time } from './schema-parts.ts';

const countOrNull: JsonSchema = { ...orNullOf('integer'), minimum: 0 };
const timeOrNull: JsonSchema = { ...orNullOf('string'), format: 'date-time' };

const touchedRollup: Members<TouchedRollup> = {
  rollup: text,
  tables: { ...listOf(text), description: 'Of its versions that have the numbers.' },
  ranges: {
    ...listOf(exactly({ since: time, until: time })),
    description: 'From the first instant of a bucket to the end of one.',
  },
};

const forgetStatus: Members<ForgetStatus> = {
  id: text,
  ordered_at: time,
  done_at: { ...timeOrNull, description: 'Null while it is under way.' },
  events: { ...countOrNull, description: 'Events that are removed; null until they are counted.' },
  dead_letters: countOrNull,
  archived: {
    ...countOrNull,
    description: 'Of these, those that the archive had; null where Millrace knows of no archive.',
  },
  rollups: {
    ...listOf(exactly(touchedRollup)),
    description: 'Rollups in which the events still count, and in which buckets.',
  },
  rebuilt: { ...listOf(text), description: 'Rollups that were made anew without the events.' },
  rows_removed_from: {
    ...listOf(text),
    description: 'Rollups and windows whose rows under the ids of the person are removed.',
  },
  log_until: {
    ...timeOrNull,
    description:
      'Until when the log may have the lines, at the earliest; null if it forgets nothing.',
  },
  problem: { ...orNullOf('string'), description: 'Why it does not get on; null while it does.' },
};

/** What is said of orders to forget a person. */
export const forgetSchemas: { readonly [name: string]: JsonSchema } = {
  ForgetRequest: {
    ...exactly(
      {
        user_id: { type: 'string', minLength: 1 },
        anonymous_id: { type: 'string', minLength: 1 },
        rebuild: {
          type: 'boolean',
          default: false,
          description: 'Whether to make rollups anew without the events.',
        },
      },
      ['user_id', 'anonymous_id', 'rebuild'],
    ),
    anyOf: [{ required: ['user_id'] }, { required: ['anonymous_id'] }],
  },
  ForgetStatus: exactly(forgetStatus),
  ForgetOrders: exactly({
    orders: { ...listOf(ref('ForgetStatus')), description: 'The oldest first.' },
  }),
};

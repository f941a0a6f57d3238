import type { CountedIn, EventRecord, FoundEvents } from '../../query/find-events.ts';
import { type JsonSchema, orNullOf, ref } from './operation.ts';
import { count, exactly, listOf, type Members, text, time } from './schema-parts.ts';

const anyMembers: JsonSchema = { type: 'object', additionalProperties: true };

const countedIn: Members<CountedIn> = {
  rollup: text,
  version: count,
  bucket: { ...time, description: 'The start of its bucket.' },
  dimensions: anyMembers,
  kept_until: {
    ...orNullOf('string'),
    format: 'date-time',
    description: 'Until when that row is kept; null for ever.',
  },
};

const eventRecord: Members<EventRecord> = {
  event_id: text,
  type: text,
  timestamp: time,
  received_at: { ...time, description: 'When a collector took it.' },
  appended_at: { ...time, description: 'When it went into the log.' },
  late: {
    type: 'boolean',
    description: 'Whether it came later than the pipeline allows, so that no window has it.',
  },
  user_id: orNullOf('string'),
  anonymous_id: orNullOf('string'),
  session_id: orNullOf('string'),
  properties: anyMembers,
  context: anyMembers,
  partition: { ...count, description: 'Of the log.' },
  offset: { ...count, description: 'Its place in that partition.' },
  rollups: {
    ...listOf(exactly(countedIn)),
    description: 'The rollups that count it, and in which row.',
  },
};

const foundEvents: Members<FoundEvents> = {
  as_of: {
    ...orNullOf('string'),
    format: 'date-time',
    description:
      'Everything that was in the log before this is stored; null while it is not known.',
  },
  kept_since: {
    ...orNullOf('string'),
    format: 'date-time',
    description: 'What happened before it goes by age; null if nothing does.',
  },
  events: listOf(ref('EventRecord')),
  next: {
    ...orNullOf('string'),
    description: 'Ask again with it as `before` for those that follow; null if there are none.',
  },
};

const liveEvents: Members<{ readonly end: number; readonly events: readonly object[] }> = {
  end: { ...count, description: 'The offset that the next event gets: so many came in all.' },
  events: {
    ...listOf(
      exactly({
        offset: count,
        event: {
          ...anyMembers,
          description: 'As the log has it: what is absent is left out, times are epoch ms.',
        },
      }),
    ),
    description: 'The newest, at most 20, the oldest of them first.',
  },
};

/** What is told of single events. */
export const foundEventSchemas: { readonly [name: string]: JsonSchema } = {
  EventRecord: exactly(eventRecord),
  FoundEvents: exactly(foundEvents),
  LiveEvents: exactly(liveEvents),
};

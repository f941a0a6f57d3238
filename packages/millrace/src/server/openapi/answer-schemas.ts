import type { Receipt } from '../../collect/collector.ts';
import { refusals } from '../../collect/refusals.ts';
import type { RetryReceipt } from '../../collect/retry-letters.ts';
import type { LetterSummary } from '../../collect/stored-letters.ts';
import type { LiveNumbers } from '../../observe/live.ts';
import type {
  AlertStatus,
  ArchiveStatus,
  CallFailure,
  RollupStatus,
  Status,
  WindowStatus,
} from '../../observe/status.ts';
import type { Storage, TableStorage } from '../../observe/storage.ts';
import type { Answer, Explanation, Sampled } from '../../query/answer-question.ts';
import type { VersionStatus } from '../../rollups/version-status.ts';
import type {
  GroupDifference,
  HourDifference,
  RollupDifference,
  RollupReport,
  RowDifference,
  VerifyProgress,
  VerifyReport,
} from '../../verify/report.ts';
import { forgetSchemas } from './forget-schemas.ts';
import { foundEventSchemas } from './found-event-schemas.ts';
import { type JsonSchema, orNullOf, ref } from './operation.ts';
import { count, exactly, listOf, type Members, text, time } from './schema-parts.ts';

const countOrNull: JsonSchema = { ...orNullOf('integer'), minimum: 0 };
const letterId: JsonSchema = { type: 'string', pattern: '^[0-9]+/[0-9]+$', examples: ['0/17'] };
const refusalCode: JsonSchema = { type: 'string', enum: Object.keys(refusals) };

const receipt: Members<Receipt> = {
  accepted: { ...count, description: 'Events that are kept, duplicates among them.' },
  assigned: {
    ...listOf(exactly({ index: count, event_id: text })),
    description: 'Ids made for events that came without one.',
  },
  rejected: { ...listOf(ref('Rejection')), description: 'Events that are refused, and why.' },
};

const letter: Members<LetterSummary> = {
  id: letterId,
  received_at: time,
  code: refusalCode,
  reason: text,
  protocol: { type: 'string', enum: ['native', 'segment', 'cloudevents', 'import'] },
  event_id: orNullOf('string'),
  type: orNullOf('string'),
  retried_at: {
    ...orNullOf('string'),
    format: 'date-time',
    description: 'When its event was accepted after all.',
  },
};

const retryReceipt: Members<RetryReceipt> = {
  accepted: { ...count, description: 'Letters whose events are accepted now.' },
  duplicates: { ...count, description: 'Of these: those whose events were there already.' },
  rejected: {
    ...listOf(exactly({ id: letterId, code: refusalCode, message: text })),
    description: 'Letters that stay as they are.',
  },
  last: { ...orNullOf('string'), description: 'Ask again with it as `after`, until it is null.' },
};

const explanation: Members<Explanation> = {
  sql: { ...text, description: 'The statement that was run.' },
  events_sql: {
    ...text,
    description: 'The same question of the events themselves, as `/sql` takes it.',
  },
  bytes_read: count,
  rows_filled: { ...count, description: 'How many rows are of buckets without events.' },
  tables: {
    ...listOf(exactly({ name: text, served: { type: 'boolean' }, why: text })),
    description: '`events` and every rollup, and why it served or did not.',
  },
};

const sampled: Members<Sampled> = {
  share: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
  slices: { ...count, description: 'How many slices of the time were read.' },
  slice_ms: { ...count, description: 'How long each of them is.' },
};

const answer: Members<Answer> = {
  columns: listOf(exactly({ name: text, type: text })),
  truncated: { type: 'boolean', description: 'Whether the limit held back more rows.' },
  served_by: { type: 'string', description: '`events`, or the rollup that was read.' },
  kept_since: {
    ...orNullOf('string'),
    format: 'date-time',
    description: 'From when on it has everything; null if nothing was dropped by age.',
  },
  as_of: {
    ...orNullOf('string'),
    format: 'date-time',
    description:
      'Everything that was in the log before this is in the answer; null while it is not known.',
  },
  cached: { type: 'boolean', description: 'Whether it was made for somebody who asked before.' },
  rows_read: count,
  elapsed_ms: count,
  sampled: {
    ...exactly(sampled),
    ...orNullOf('object'),
    description:
      'The part of the time that was read; null if all was. Only where a sample was asked for.',
  },
  explanation: {
    ...exactly(explanation),
    description: 'How it came about; only where that was asked.',
  },
  rows: listOf({
    type: 'object',
    additionalProperties: {
      anyOf: [
        { type: ['string', 'number', 'boolean', 'null'] },
        listOf({ type: ['number', 'null'] }),
      ],
    },
  }),
};

const rollupStatus: Members<RollupStatus> = {
  name: text,
  version: count,
  state: { type: 'string', enum: ['filling', 'ready'] },
  served_by: { type: 'string', description: 'What answers: the rollup, or `events`.' },
  events_to_fill: count,
  events_filled: count,
  complete_since: {
    ...orNullOf('string'),
    format: 'date-time',
    description: 'What happened before it may be missing; null if nothing is.',
  },
};

const versionStatus: Members<VersionStatus> = {
  kind: { type: 'string', enum: ['rollup', 'window'] },
  name: text,
  version: count,
  state: {
    type: 'string',
    enum: ['creating', 'filling', 'ready', 'kept', 'dropping'],
    description: '`ready`: readers see it. `kept`: they may go back to it.',
  },
  from: {
    enum: ['archive', 'log', 'events', null],
    description: 'What it was replayed from; null if its definition made it.',
  },
  since: { ...orNullOf('string'), format: 'date-time' },
  until: { ...orNullOf('string'), format: 'date-time' },
  events_to_fill: count,
  events_filled: count,
};

const windowStatus: Members<WindowStatus> = {
  name: text,
  version: count,
  results_until: { ...time, description: 'Windows that end up to here have their results.' },
  next_end: { ...time, description: 'The watermark at which results are written next.' },
  lag_ms: {
    type: 'number',
    minimum: 0,
    description: 'How long ago the watermark passed `next_end`.',
  },
};

const archiveStatus: Members<ArchiveStatus> = {
  waiting: {
    ...orNullOf('integer'),
    minimum: 0,
    description: 'Events in the log that the archive does not have yet; null until that is known.',
  },
  problem: { ...orNullOf('string'), description: 'Why they do not get there.' },
  compacted: {
    ...count,
    description: 'Small objects that larger ones have taken the place of since this process began.',
  },
  compaction_problem: { ...orNullOf('string'), description: 'Why none are put together.' },
};

const callFailure: Members<CallFailure> = { at: time, message: text };

const alertStatus: Members<AlertStatus> = {
  name: text,
  window: text,
  pending_calls: {
    ...orNullOf('integer'),
    minimum: 0,
    description:
      'Results whose call was not answered well yet, counted up to 10,000; null until it has begun.',
  },
  last_failure: {
    ...exactly(callFailure),
    ...orNullOf('object'),
    description: 'Since the start; null if there was none.',
  },
};

const status: Members<Status> = {
  pipeline: text,
  version: text,
  runtime: { type: 'string', enum: ['embedded', 'distributed'] },
  started_at: time,
  accepted: {
    ...countOrNull,
    description: 'Events answered with success, duplicates among them.',
  },
  stored: { ...count, description: 'Events that can be queried.' },
  duplicates: { ...countOrNull, description: 'Accepted events whose id was there already.' },
  late: { ...count, description: 'Stored events that came later than allowed.' },
  dead_letters: { ...count, description: 'Events that were refused and kept.' },
  events_per_second: { type: 'number', minimum: 0 },
  lag_ms: {
    ...orNullOf('number'),
    minimum: 0,
    description: 'How long the oldest accepted event that cannot be queried yet has waited.',
  },
  as_of: {
    ...orNullOf('string'),
    format: 'date-time',
    description: 'Everything that was in the log before this can be queried.',
  },
  problem: { ...orNullOf('string'), description: 'Why events do not get into the store.' },
  rollups: listOf(exactly(rollupStatus)),
  windows: {
    ...listOf(exactly(windowStatus)),
    ...orNullOf('array'),
    description: 'How far their results are; null if this process does not write them.',
  },
  alerts: {
    ...listOf(exactly(alertStatus)),
    ...orNullOf('array'),
    description: 'How far their calls are; null if this process does not make them.',
  },
  archive: {
    ...exactly(archiveStatus),
    ...orNullOf('object'),
    description: 'Null if this process does not archive.',
  },
  sizes: { type: 'object', additionalProperties: countOrNull },
};

const liveNumbers: Members<LiveNumbers> = {
  accepted: status.accepted,
  stored: status.stored,
  duplicates: status.duplicates,
  late: status.late,
  dead_letters: status.dead_letters,
  events_per_second: status.events_per_second,
  lag_ms: status.lag_ms,
  problem: status.problem,
};

const tableStorage: Members<TableStorage> = {
  name: text,
  of: {
    type: 'string',
    enum: ['events', 'dead_letters', 'rollup', 'window', 'other'],
    description: '`other`: no definition names it any more.',
  },
  belongs_to: { ...orNullOf('string'), description: 'The name of the rollup or of the window.' },
  rows: count,
  bytes: { ...count, description: 'On disk, compressed.' },
  uncompressed_bytes: count,
  parts: count,
};

const storage: Members<Storage> = {
  tables: { ...listOf(exactly(tableStorage)), description: 'The largest first.' },
};

const keptSince: JsonSchema = {
  ...orNullOf('string'),
  format: 'date-time',
  description: 'What is older is not compared, because it goes by age; null if nothing does.',
};

const verifyProgress: Members<VerifyProgress> = { what: text, done: count, of: count };

const rowDifference: Members<RowDifference> = {
  what: { type: 'string', enum: ['lost', 'doubled', 'changed', 'outside'] },
  event_id: text,
  partition: count,
  offset: count,
};

const hourDifference: Members<HourDifference> = {
  hour: time,
  expected: { ...count, description: 'Events in the log.' },
  stored: { ...count, description: 'Rows in the store.' },
  lost: { ...count, description: 'In the log, and not in the store.' },
  doubled: { ...count, description: 'Rows beyond one for a place in the log.' },
  changed: { ...count, description: 'Rows that say something else than the log.' },
  outside: { ...count, description: 'Rows whose place no log has.' },
  first: listOf(exactly(rowDifference)),
};

const measures: JsonSchema = {
  type: ['object', 'null'],
  additionalProperties: true,
  description: 'The measures; null if there is no such row.',
};

const groupDifference: Members<GroupDifference> = {
  what: { type: 'string', enum: ['lost', 'unexpected', 'changed'] },
  bucket: time,
  dimensions: { type: 'object', additionalProperties: true },
  expected: measures,
  stored: measures,
};

const rollupDifference: Members<RollupDifference> = {
  hour: time,
  expected: { ...count, description: 'Rows that the events make.' },
  stored: { ...count, description: 'Rows in the rollup.' },
  lost: { ...count, description: 'Rows that the events make, and the rollup has not.' },
  unexpected: { ...count, description: 'Rows that no events make.' },
  changed: { ...count, description: 'Rows with a measure that the events do not make.' },
  first: listOf(exactly(groupDifference)),
};

const rollupReport: Members<RollupReport> = {
  rollup: text,
  version: count,
  hours: { ...count, description: 'Hours, or longer buckets, that were compared.' },
  rows: { ...count, description: 'Rows that the events make in them.' },
  hours_with_forgotten: {
    ...count,
    description: 'Hours that were not compared, because forgotten events still count in them.',
  },
  kept_since: keptSince,
  differences: { ...listOf(exactly(rollupDifference)), description: 'The first ones.' },
  differing: { ...count, description: 'Hours that differ.' },
};

const verifyReport: Members<VerifyReport> = {
  equal: {
    type: 'boolean',
    description: 'Whether everything accepted is stored exactly once, and counted so.',
  },
  log: exactly({
    ...{ from: count, to: count, events: count, refused: count, missing: count },
    forgotten: { ...count, description: 'Events that were forgotten with a person.' },
  }),
  hours: { ...count, description: 'Hours of events that were compared.' },
  kept_since: keptSince,
  differences: { ...listOf(ref('HourDifference')), description: 'Of the events, the first ones.' },
  differing: { ...count, description: 'Hours whose events differ.' },
  rollups: listOf(ref('RollupReport')),
  being_filled: { ...listOf(text), description: 'Rollups that are not compared yet.' },
  elapsed_ms: count,
};

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
  RetryReceipt: exactly(retryReceipt),
  Imports: exactly({
    imports: listOf(exactly({ mapping: text, position: count, finished: { type: 'boolean' } })),
  }),
  ChunkReceipt: exactly(
    { accepted: count, duplicates: count, rejected: listOf(ref('Rejection')), assigned: {} },
    ['assigned'],
  ),
  Answer: exactly(answer, ['explanation', 'sampled']),
  ...foundEventSchemas,
  ...forgetSchemas,
  LiveNumbers: exactly(liveNumbers),
  Status: exactly(status),
  Storage: exactly(storage),
  RollupVersions: exactly({ versions: listOf(exactly(versionStatus)) }),
  HourDifference: exactly(hourDifference),
  RollupReport: exactly(rollupReport),
  VerifyReport: exactly(verifyReport),
  VerifyLine: {
    oneOf: [
      exactly({ progress: exactly(verifyProgress) }),
      exactly({ report: ref('VerifyReport') }),
      exactly({ error: exactly({ message: text }) }),
    ],
  },
};

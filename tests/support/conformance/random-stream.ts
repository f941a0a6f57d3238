import fc from 'fast-check';
import {
  instants,
  texts,
} from '../../../packages/millrace/src/compile/clickhouse/random-events.suite.ts';
import {
  type GivenPipeline,
  type GivenProperty,
  type GivenType,
  valuesOf,
} from './random-pipeline.ts';
import { type CountedEvent, msOf, type Scalar } from './recompute.ts';

/** A value as a sender writes it, and as it counts. */
interface Written {
  readonly sent: unknown;
  readonly counted: unknown;
}

/**
 * When an event happened: at a time, or so long before the test begins, or so long after;
 * of the last it is known whether it is sent in time or late.
 */
type When =
  | { readonly at: number }
  | { readonly agoMs: number }
  | { readonly afterMs: number; readonly late: boolean };

/** What a sender does. Plain data, so that a small case can be read. */
export type Sending =
  | {
      readonly kind: 'event';
      readonly type: string;
      readonly when: When;
      readonly user: string | null;
      readonly properties: { readonly [name: string]: Written };
    }
  /** Of an event before, so many back; perhaps with another user. */
  | { readonly kind: 'repeat'; readonly back: number; readonly changed: boolean }
  | { readonly kind: 'bad'; readonly code: string; readonly event: unknown };

/** What is sent, one after the other, and what must become of it. */
export interface Stream {
  readonly items: readonly unknown[];
  readonly counted: readonly CountedEvent[];
  /** In the order in which they come. */
  readonly refused: readonly string[];
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
// Times beyond today would be refused.
const longAgo = instants.filter((at) => at < Date.UTC(2026, 0)).map((at) => ({ at }));
const hoursAgo = fc.integer({ min: 3 * hourMs, max: 72 * hourMs }).map((agoMs) => ({ agoMs }));
const ahead = fc.integer({ min: -20 * hourMs, max: -3 * hourMs }).map((agoMs) => ({ agoMs }));
/** Nothing lies between a few minutes and some hours ago: whatever is slow, it is known what is late. */
const spread: fc.Arbitrary<When> = fc.oneof(
  longAgo,
  fc.integer({ min: -20 * hourMs, max: 10 * minuteMs }).map((agoMs) => ({ agoMs })),
  hoursAgo,
);

/**
 * For windows: most events are close to each other, on a grid of half seconds where some lie
 * exactly a session's gap apart. The others are of times that are far off.
 */
const crowdedAs = (sent: 'in time' | 'late'): fc.Arbitrary<When> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .integer({ min: 0, max: crowdedMs / gridMs - 1 })
        .map((steps) => ({ afterMs: gridMs * steps, late: sent === 'late' })),
    },
    { weight: 1, arbitrary: fc.oneof(longAgo, hoursAgo, ahead) },
  );
const gridMs = 500;
/** So long after the beginning the last of them happens, at most. */
export const crowdedMs = 8_000;

const writtenOf = (type: GivenType): fc.Arbitrary<Written> => {
  if (type.kind === 'array' && type.element)
    return fc.array(writtenOf(type.element), { maxLength: 3 }).map((list) => ({
      sent: list.map(({ sent }) => sent),
      counted: list.map(({ counted }) => counted),
    }));
  if (type.kind === 'object') return writtenObject(type.properties ?? {}).map(joined);
  return valuesOf(type).chain((counted) =>
    fc.constantFrom(...waysToWrite(counted, type)).map((sent) => ({ sent, counted })),
  );
};

const writtenObject = (members: {
  readonly [name: string]: GivenProperty;
}): fc.Arbitrary<{ readonly [name: string]: Written }> => {
  const absent = fc.constantFrom<Written>(
    { sent: null, counted: undefined },
    { sent: undefined, counted: undefined },
  );
  return fc.record(
    Object.fromEntries(
      Object.entries(members).map(([name, property]) => [
        name,
        property.kind === 'optional' && property.type
          ? fc.oneof(
              { weight: 3, arbitrary: writtenOf(property.type) },
              { weight: 1, arbitrary: absent },
            )
          : writtenOf(property),
      ]),
    ),
  );
};

const joined = (members: { readonly [name: string]: Written }): Written => ({
  sent: mapped(members, ({ sent }) => sent),
  counted: mapped(members, ({ counted }) => counted),
});

/** Without what is undefined. */
const mapped = (
  members: { readonly [name: string]: Written },
  to: (one: Written) => unknown,
): { readonly [name: string]: unknown } =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, one]) => {
      const value = to(one);
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** One value can be written in several ways. */
function waysToWrite(value: Scalar, { kind }: GivenType): readonly unknown[] {
  const text = String(value);
  switch (kind) {
    case 'timestamp':
      return [value, new Date(Number(value)).toISOString(), zoned(Number(value))];
    case 'uuid':
      return [text, text.toUpperCase()];
    case 'int64':
      return Number.isSafeInteger(Number(text)) ? [text, Number(text)] : [text];
    case 'decimal': {
      const signed = /^(-?)(.*)$/.exec(text);
      const padded = `${signed?.[1]}00${signed?.[2]}${text.includes('.') ? '0' : '.0'}`;
      const digits = text.replace(/^-?[0.]*|\./g, '').length;
      return digits <= 15 ? [text, padded, Number(text)] : [text, padded];
    }
    default:
      return [value];
  }
}

/** The same moment on a clock that is five and a half hours ahead. */
const zoned = (ms: number): string =>
  new Date(ms + 5.5 * hourMs).toISOString().replace('Z', '+05:30');

/** What no pipeline takes, and what this one does not. */
function badOf(pipeline: GivenPipeline): fc.Arbitrary<Sending> {
  const [type = ''] = Object.keys(pipeline.events);
  const bad = (code: string, event: unknown): Sending => ({ kind: 'bad', code, event });
  const everywhere = [
    bad('unknown_event_type', { event_id: 'bad', type: 'nothing_of_that_name' }),
    bad('missing_type', { event_id: 'bad' }),
    bad('not_an_object', [7]),
    bad('not_an_object', null),
    bad('event_id_too_long', { event_id: 'é'.repeat(65), type }),
    bad('event_id_invalid', { event_id: '', type }),
    bad('bad_timestamp', { event_id: 'bad', type, timestamp: '2026-02-30' }),
    bad('timestamp_in_future', { event_id: 'bad', type, timestamp: '2250-01-01T00:00:00Z' }),
    bad('nul_character', { event_id: 'bad', type, user_id: 'a\0b' }),
  ];
  const missing = Object.entries(pipeline.events).flatMap(([name, { properties }]) =>
    Object.values(properties).some(({ kind }) => kind !== 'optional')
      ? [bad('missing_property', { event_id: 'bad', type: name, properties: {} })]
      : [],
  );
  return fc.constantFrom(...everywhere, ...missing);
}

/** What senders do with a pipeline: mostly events, some twice, near and far, some of no use. */
export const sendingsTo = (
  pipeline: GivenPipeline,
  whens = spread,
): fc.Arbitrary<readonly Sending[]> => {
  const events = Object.entries(pipeline.events).map(([type, { properties }]) =>
    fc.record({
      kind: fc.constant('event' as const),
      type: fc.constant(type),
      when: whens,
      user: fc.oneof(fc.constantFrom(null, 'u0', 'u1', ''), texts),
      properties: writtenObject(properties),
    }),
  );
  return fc.array(
    fc.oneof<fc.MaybeWeightedArbitrary<Sending>[]>(
      { weight: 8, arbitrary: fc.oneof(...events) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('repeat' as const),
          back: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 400 })),
          changed: fc.boolean(),
        }),
      },
      { weight: 1, arbitrary: badOf(pipeline) },
    ),
    { minLength: 1, maxLength: 400, size: 'max' },
  );
};

/** The same for windows: what is sent at once, and what is sent when that is late. */
export const liveSendingsTo = (pipeline: GivenPipeline): fc.Arbitrary<LiveSendings> =>
  fc.record({
    inTime: sendingsTo(pipeline, crowdedAs('in time')),
    late: sendingsTo(pipeline, crowdedAs('late')),
  });

export interface LiveSendings {
  readonly inTime: readonly Sending[];
  readonly late: readonly Sending[];
}

/** Ids of all shapes: short, unicode, with what other languages quote, and as long as may be. */
const idOf = (i: number): string =>
  [
    `${i}`,
    `é${i}`,
    `"${i}'`,
    `${i} \\ \``,
    `😀/${i}`,
    `${i}`.padEnd(128, 'x'),
    ` ${i}\t`,
    `%${i}_`,
  ][i % 8] ?? `${i}`;

const batchSize = 60;

/**
 * The same events close to each other, so that windows have several: on a grid of
 * half seconds, where some lie exactly a session's gap apart.
 *
 * @param firstMs when the first may happen (epoch ms).
 */
export const crowded = (
  events: readonly CountedEvent[],
  firstMs: number,
): readonly CountedEvent[] =>
  events.map((event, i) => ({
    ...event,
    timestamp: firstMs + gridMs * (Math.abs(event.timestamp) % gridSteps),
    late: i % lateEvery === 0,
  }));

const gridSteps = 120;
const lateEvery = 7;

/** @param startMs when the test begins (epoch ms). */
export function streamOf(
  { lateness }: GivenPipeline,
  sendings: readonly Sending[],
  startMs: number,
): Stream {
  const items: unknown[] = [];
  const firsts: { readonly event_id: string }[] = [];
  const counted: CountedEvent[] = [];
  const refused: string[] = [];
  for (const sending of sendings) {
    if (sending.kind === 'bad') {
      items.push(sending.event);
      refused.push(sending.code);
    } else if (sending.kind === 'repeat') {
      const first = firsts.at(-sending.back);
      if (first !== undefined) items.push(sending.changed ? { ...first, user_id: 'other' } : first);
    } else {
      const { type, when, user, properties } = sending;
      const event_id = idOf(firsts.length);
      const timestamp = timeOf(when, startMs);
      const { sent, counted: values } = joined(properties);
      const envelope = { event_id, type, ...(user === null ? {} : { user_id: user }) };
      const first = { ...envelope, timestamp: new Date(timestamp).toISOString(), properties: sent };
      items.push(first);
      firsts.push(first);
      const late = 'late' in when ? when.late : startMs - timestamp > msOf(lateness);
      counted.push({ ...envelope, timestamp, late, properties: Object(values) });
    }
  }
  return { items, counted, refused };
}

function timeOf(when: When, startMs: number): number {
  if ('at' in when) return when.at;
  return 'agoMs' in when ? startMs - when.agoMs : startMs + when.afterMs;
}

/** As bodies of requests have them. */
export const inBatches = (items: readonly unknown[]): readonly (readonly unknown[])[] =>
  Array.from({ length: Math.ceil(items.length / batchSize) }, (_, n) =>
    items.slice(n * batchSize, (n + 1) * batchSize),
  );

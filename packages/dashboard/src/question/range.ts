import type { Every } from '../../../millrace/dist/plan/plan.js';
import { offsetsOf } from '../../../millrace/dist/plan/time-zone.js';
import { widthsMs as longestMs } from '../../../millrace/dist/plan/widths.js';

export { everyOf as readEvery, widths as everies } from '../../../millrace/dist/plan/widths.js';
export type { Every };

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Of a bucket; of months the shortest. */
export const widthsMs: typeof longestMs = { ...longestMs, month: 28 * dayMs };

/** The last hour, day, … */
const spansMs = {
  '10m': 10 * minuteMs,
  '1h': hourMs,
  '6h': 6 * hourMs,
  '24h': dayMs,
  '7d': 7 * dayMs,
  '30d': 30 * dayMs,
  '90d': 90 * dayMs,
  '365d': 365 * dayMs,
} as const;
export type Span = keyof typeof spansMs;
export const isSpan = (text: string | null): text is Span =>
  text !== null && Object.hasOwn(spansMs, text);
export const spans: readonly Span[] = Object.keys(spansMs).filter(isSpan);

/** Up to now, or between two times. */
export type Range =
  | { readonly span: Span }
  | { readonly sinceMs: number; readonly untilMs: number };

export interface Times {
  readonly sinceMs: number;
  readonly untilMs: number;
}

export const lengthMs = (range: Range): number =>
  'span' in range ? spansMs[range.span] : range.untilMs - range.sinceMs;

/** About a hundred buckets: enough to see a shape, few enough to tell them apart. */
export function fittingEvery(range: Range): Every {
  const ms = lengthMs(range);
  if (ms <= 10 * minuteMs) return 'second';
  if (ms <= 6 * hourMs) return 'minute';
  if (ms <= 8 * dayMs) return 'hour';
  return ms <= 400 * dayMs ? 'day' : 'month';
}

/**
 * A span ends with the bucket that is under way, so that its first bucket is as
 * whole as the others; of weeks and months with the day.
 */
export function timesOf(range: Range, every: Every, zone: string, nowMs: number): Times {
  if (!('span' in range)) return range;
  const width = Math.min(widthsMs[every], dayMs, lengthMs(range));
  const offsetMs = offsetsOf(zone)(nowMs);
  const untilMs = Math.ceil((nowMs + offsetMs + 1) / width) * width - offsetMs;
  return { sinceMs: untilMs - lengthMs(range), untilMs };
}

export function readRange(params: URLSearchParams): Range | undefined {
  const span = params.get('range');
  if (isSpan(span)) return { span };
  const sinceMs = Date.parse(params.get('since') ?? '');
  const untilMs = Date.parse(params.get('until') ?? '');
  return sinceMs < untilMs ? { sinceMs, untilMs } : undefined;
}

/** With the zone in which it is shown. */
export function writeRange(range: Range, zone: string, params: URLSearchParams): void {
  if ('span' in range) params.set('range', range.span);
  else {
    params.set('since', isoText(range.sinceMs));
    params.set('until', isoText(range.untilMs));
  }
  params.set('zone', zone);
}

/** ISO 8601 in UTC, without milliseconds that are none. */
export const isoText = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** `2026-11-30T12:00:00`: what a clock in the zone shows, as a field for times takes it. */
export function wallText(ms: number, zone: string): string {
  return new Date(ms + offsetsOf(zone)(ms)).toISOString().slice(0, 19);
}

/** The instant at which a clock in the zone shows it; NaN for what is no time. */
export function wallMs(text: string, zone: string): number {
  const wall = Date.parse(`${text}Z`);
  if (Number.isNaN(wall)) return wall;
  const offsetAt = offsetsOf(zone);
  // A second look, where clocks change between the two.
  return wall - offsetAt(wall - offsetAt(wall));
}

/** The `since` and `until` of a question. */
export function askedTimes(range: Range, every: Every, zone: string, nowMs: number) {
  const { sinceMs, untilMs } = timesOf(range, every, zone, nowMs);
  return { since: isoText(sinceMs), until: isoText(untilMs) };
}

/** That of this browser. */
const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export const zones: readonly string[] = [
  'UTC',
  ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC'),
];

/** What an address says, or that of this browser. */
export function readZone(params: URLSearchParams): string {
  const zone = params.get('zone');
  return isZone(zone) ? zone : ownZone();
}

function isZone(name: string | null): name is string {
  if (name === null) return false;
  try {
    offsetsOf(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

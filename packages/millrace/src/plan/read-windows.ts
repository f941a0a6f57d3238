import type { Events } from '../define/fields.ts';
import {
  bounds,
  join,
  type Report,
  readList,
  readRecord,
  shown,
  type UnknownRecord,
} from './contradiction.ts';
import { defaults } from './defaults.ts';
import { measureFields } from './measure-type.ts';
import type { Span } from './plan.ts';
import {
  checkDimensions,
  checkMeasures,
  checkTableName,
  nameRegister,
  readFrom,
} from './read-aggregation.ts';
import { dayMs, readDuration } from './read-duration.ts';
import { readMeasures } from './read-measures.ts';
import { readWhere } from './read-where.ts';

export interface WindowSurroundings {
  readonly events: Events;
  /** Unchecked; they have names too. */
  readonly rollups: unknown;
  /** How long events are kept; undefined for ever. */
  readonly keepMs: number | undefined;
}

export const checkWindows = (
  value: unknown,
  surroundings: WindowSurroundings,
  report: Report,
): void => {
  if (value === undefined) return;
  const checkNameIsFree = nameRegister('windows', { rollups: surroundings.rollups });
  readList(value, 'windows', bounds.windowsMax, report).forEach((window, index) => {
    checkNameIsFree(window, index, report);
    checkWindow(window, `windows[${index}]`, surroundings, report);
  });
};

const columns = ['window_start', 'window_end', 'emitted_at'];
const spans = ['tumbling', 'hopping', 'session'];

const longestMs = (span: Span): number => (span.kind === 'fixed' ? span.sizeMs : span.maxMs);

const checkWindow = (
  value: unknown,
  place: string,
  { events, keepMs }: WindowSurroundings,
  report: Report,
): void => {
  const keys = ['name', 'from', ...spans, 'by', 'where', 'measures', 'having', 'keep'];
  const window = readRecord(value, place, keys, report);
  if (!window) return;
  checkTableName(window.name, place, report);
  const fields = readFrom(window.from, join(place, 'from'), events, 'window', report);
  const span = readSpan(window, place, report);
  if (span !== undefined && keepMs !== undefined && longestMs(span) + dayMs > keepMs)
    report(
      'out_of_bounds',
      place,
      'Events are dropped before its windows are surely out.',
      'Let the pipeline keep events a day longer than the window is.',
    );
  const dimensions = checkDimensions(window.by, join(place, 'by'), fields, columns, report);
  if (window.where !== undefined) readWhere(window.where, join(place, 'where'), fields, report);
  const taken = [...columns, ...dimensions];
  checkMeasures(window.measures, join(place, 'measures'), fields, taken, report);
  if (window.having !== undefined) {
    const measures = measureFields(readMeasures(window.measures, fields));
    readWhere(window.having, join(place, 'having'), measures, report);
  }
  readDuration(window.keep, join(place, 'keep'), { minMs: dayMs }, report);
};

const sizes = { minMs: 1_000, maxMs: 31 * dayMs };

/** Undefined, and reported, if it is none. */
export const readSpan = (
  window: UnknownRecord,
  place: string,
  report: Report,
): Span | undefined => {
  const named = spans.filter((name) => window[name] !== undefined);
  if (named.length !== 1) {
    report(
      'wrong_shape',
      place,
      named.length === 0 ? 'It is of no length.' : `It is ${named.join(' and ')} at once.`,
      "Say one: tumbling: '1m', hopping: { size: '1h', every: '5m' } or session: { gap: '30m' }.",
    );
    return undefined;
  }
  if (window.tumbling !== undefined) {
    const sizeMs = readDuration(window.tumbling, join(place, 'tumbling'), sizes, report);
    return sizeMs === undefined ? undefined : { kind: 'fixed', sizeMs, everyMs: sizeMs };
  }
  return window.hopping === undefined
    ? readSession(window.session, join(place, 'session'), report)
    : readHopping(window.hopping, join(place, 'hopping'), report);
};

const readHopping = (value: unknown, place: string, report: Report): Span | undefined => {
  const hopping = readRecord(value, place, ['size', 'every'], report);
  if (!hopping) return undefined;
  for (const name of ['size', 'every'])
    if (hopping[name] === undefined)
      report('wrong_shape', join(place, name), 'This is left out.', "Give a duration: '5m'.");
  const sizeMs = readDuration(hopping.size, join(place, 'size'), sizes, report);
  const everyMs = readDuration(hopping.every, join(place, 'every'), sizes, report);
  if (sizeMs === undefined || everyMs === undefined) return undefined;
  if (sizeMs % everyMs !== 0) {
    report(
      'bad_value',
      join(place, 'every'),
      `${shown(hopping.every)} does not divide ${shown(hopping.size)}.`,
      'Let windows begin at a whole fraction of their size: a half, a tenth.',
    );
    return undefined;
  }
  if (sizeMs / everyMs > bounds.windowsPerEventMax) {
    report(
      'out_of_bounds',
      place,
      `An event would lie in ${sizeMs / everyMs} windows.`,
      `Let it lie in at most ${bounds.windowsPerEventMax}: a longer every.`,
    );
    return undefined;
  }
  return { kind: 'fixed', sizeMs, everyMs };
};

const readSession = (value: unknown, place: string, report: Report): Span | undefined => {
  const session = readRecord(value, place, ['gap', 'max'], report);
  if (!session) return undefined;
  if (session.gap === undefined)
    report('wrong_shape', join(place, 'gap'), 'This is left out.', "Give a duration: '30m'.");
  const gaps = { minMs: 1_000, maxMs: dayMs };
  const gapMs = readDuration(session.gap, join(place, 'gap'), gaps, report);
  if (gapMs === undefined) return undefined;
  const lengths = { minMs: gapMs, maxMs: sizes.maxMs };
  const maxMs = readDuration(session.max, join(place, 'max'), lengths, report);
  return { kind: 'session', gapMs, maxMs: maxMs ?? defaults.sessionMaxMs };
};

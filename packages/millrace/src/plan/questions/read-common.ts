import type { Events } from '../../define/fields.ts';
import { type PersonField, personFields } from '../../define/person.ts';
import type { Property } from '../../define/property.ts';
import { canonicalValue } from '../canonical-value.ts';
import { didYouMean, isList, type Report, shown, type UnknownRecord } from '../contradiction.ts';
import { dimensionName } from '../names.ts';
import type { DimensionPlan, EventPlan, Every } from '../plan.ts';
import { type QuestionBase, questionBounds } from '../question.ts';
import { readDuration } from '../read-duration.ts';
import type { KnownFields } from '../read-where.ts';
import { offsetsOf } from '../time-zone.ts';
import { everyOf, widths } from '../widths.ts';

/** The keys that questions of every kind have. */
export const commonKeys = ['kind', 'since', 'until', 'limit', 'age', 'explain'] as const;

export const readCommon = (asked: UnknownRecord, report: Report): QuestionBase => {
  const sinceMs = readTime(asked.since, 'since', report);
  const untilMs = readTime(asked.until, 'until', report);
  if (sinceMs !== null && untilMs !== null && sinceMs >= untilMs)
    report('bad_value', 'until', 'The range ends before it begins.', 'Give a later time.');
  return {
    sinceMs,
    untilMs,
    rowsMax: readLimit(asked.limit, report),
    ageMsMax:
      readDuration(asked.age, 'age', { minMs: 0, maxMs: questionBounds.ageMsMax }, report) ?? 0,
    explain: readFlag(asked.explain, 'explain', report),
  };
};

/** The events of a plan as they were defined, for those who resolve names in them. */
export const definitionsOf = (events: readonly EventPlan[]): Events =>
  Object.fromEntries(
    events
      .filter(({ builtIn }) => !builtIn)
      .map(({ type, properties }) => [
        type,
        {
          properties: Object.fromEntries(
            properties.map(({ name, type: of, required }): [string, Property] => [
              name,
              required ? of : { kind: 'optional', type: of },
            ]),
          ),
        },
      ]),
  );

export const namesIn = (value: unknown): readonly string[] =>
  (isList(value) ? value : [value]).filter((name) => typeof name === 'string');

export const dimensionsIn = (value: unknown, fields: KnownFields): readonly DimensionPlan[] =>
  namesIn(value).flatMap((name) => {
    const field = fields.find(name);
    return field ? [{ name: dimensionName(name), field }] : [];
  });

export const readEvery = (
  value: unknown,
  report: Report,
  among: readonly Every[] = widths,
): Every | null => {
  if (value === undefined) return null;
  const every = everyOf(value);
  if (every !== undefined && among.includes(every)) return every;
  report(
    'bad_value',
    'every',
    `${shown(value)} is not the width of a bucket.`,
    didYouMean(value, among),
  );
  return null;
};

const readTime = (value: unknown, place: string, report: Report): number | null => {
  if (value === undefined) return null;
  const time = Number.isInteger(value) ? new Date(Number(value)) : value;
  const ms = canonicalValue({ kind: 'timestamp' }, time);
  if (typeof ms === 'number') return ms;
  report(
    'bad_value',
    place,
    `${shown(value)} is not a time of the years 1900 to 2299.`,
    'Write 2026-11-30T12:00:00Z, or milliseconds since the epoch.',
  );
  return null;
};

export const readZone = (
  value: unknown,
  knowsZone: (name: string) => boolean,
  report: Report,
): string => {
  if (value === undefined) return 'UTC';
  if (typeof value === 'string' && knowsZone(value) && isZone(value)) return value;
  report(
    'bad_value',
    'zone',
    `There is no time zone ${shown(value)}.`,
    'Name one as Europe/London, or UTC.',
  );
  return 'UTC';
};

const isZone = (name: string): boolean => {
  try {
    offsetsOf(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

const readLimit = (value: unknown, report: Report): number => {
  if (value === undefined) return questionBounds.rowsDefault;
  const { rowsMax } = questionBounds;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= rowsMax)
    return value;
  report('bad_value', 'limit', `This is ${shown(value)}.`, `Give 1 to ${rowsMax} rows.`);
  return questionBounds.rowsDefault;
};

export const readFlag = (value: unknown, place: string, report: Report): boolean => {
  if (value !== undefined && typeof value !== 'boolean')
    report('bad_value', place, `This is ${shown(value)}.`, 'Say true or false.');
  return value === true;
};

export const readPer = (value: unknown, report: Report): PersonField => {
  const per = personFields.find((field) => field === (value ?? 'user_id'));
  if (per === undefined)
    report(
      'bad_value',
      'per',
      `${shown(value)} does not tell people apart.`,
      didYouMean(value, personFields),
    );
  return per ?? 'user_id';
};

export const readCount = (
  value: unknown,
  place: string,
  { max, default: otherwise }: { readonly max: number; readonly default: number },
  report: Report,
): number => {
  if (value === undefined) return otherwise;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max)
    return value;
  report('bad_value', place, `This is ${shown(value)}.`, `Give a number from 1 to ${max}.`);
  return otherwise;
};

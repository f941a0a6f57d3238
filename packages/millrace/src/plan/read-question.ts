import type { Events } from '../define/fields.ts';
import type { Property } from '../define/property.ts';
import { MillraceError } from '../errors.ts';
import { canonicalValue } from './canonical-value.ts';
import {
  type Contradiction,
  didYouMean,
  isList,
  isRecord,
  join,
  type Report,
  readRecord,
  shown,
} from './contradiction.ts';
import { dimensionName } from './names.ts';
import type { DimensionPlan, EventPlan, Plan } from './plan.ts';
import type { Question } from './question.ts';
import { checkDimensions, checkMeasures, readFrom } from './read-aggregation.ts';
import { readDuration } from './read-duration.ts';
import { readMeasures } from './read-measures.ts';
import { type KnownFields, readWhere } from './read-where.ts';
import { offsetsOf } from './time-zone.ts';
import { everyOf, widths, widthsMs } from './widths.ts';

/** How large a question, and its answer, may be. */
export const questionBounds = { rowsMax: 10_000, rowsDefault: 1_000, ageMsMax: 60_000 } as const;

const keys = [
  'from',
  'measures',
  'by',
  'where',
  'since',
  'until',
  'every',
  'zone',
  'order',
  'limit',
  'fill',
  'age',
];

/**
 * The question that a JSON document asks of a pipeline.
 *
 * @param knowsZone whether the store has a time zone of that name.
 * @throws MillraceError `question_invalid` with every mistake, its place and its mend.
 */
export const readQuestion = (
  document: unknown,
  plan: Plan,
  knowsZone: (name: string) => boolean,
): Question => {
  const found: Contradiction[] = [];
  const report: Report = (code, place, message, mend) => {
    found.push({ code, place, message, mend });
  };
  const question = questionOf(document, plan, knowsZone, report);
  if (question !== undefined && found.length === 0) return question;
  const lines = found.map(
    ({ place, message, mend }) => `${place === '' ? 'question' : place}: ${message} ${mend}`,
  );
  throw new MillraceError('question_invalid', lines.join('\n'));
};

const questionOf = (
  document: unknown,
  plan: Plan,
  knowsZone: (name: string) => boolean,
  report: Report,
): Question | undefined => {
  const asked = readRecord(document, '', keys, report);
  if (!asked) return undefined;
  const fields = readFrom(asked.from, 'from', definitionsOf(plan.events), 'question', report);
  const dimensions = checkDimensions(asked.by, 'by', fields, ['bucket'], report);
  checkMeasures(asked.measures, 'measures', fields, ['bucket', ...dimensions], report);
  const measures = readMeasures(asked.measures, fields);
  const every = readEvery(asked.every, report);
  const sinceMs = readTime(asked.since, 'since', report);
  const untilMs = readTime(asked.until, 'until', report);
  if (sinceMs !== null && untilMs !== null && sinceMs >= untilMs)
    report('bad_value', 'until', 'The range ends before it begins.', 'Give a later time.');
  const columns = [
    ...(every === null ? [] : ['bucket']),
    ...dimensions,
    ...measures.map(({ name }) => name),
  ];
  const question: Question = {
    from: namesIn(asked.from),
    where: asked.where === undefined ? null : readWhere(asked.where, 'where', fields, report),
    sinceMs,
    untilMs,
    every,
    zone: readZone(asked.zone, knowsZone, report),
    by: namesIn(asked.by).flatMap((name) => dimensionOf(name, fields) ?? []),
    measures,
    order: readOrder(asked.order, columns, report),
    rowsMax: readLimit(asked.limit, report),
    fill: readFill(asked.fill, report),
    ageMsMax:
      readDuration(asked.age, 'age', { minMs: 0, maxMs: questionBounds.ageMsMax }, report) ?? 0,
  };
  if (question.fill) checkFill(question, asked, report);
  return question;
};

/** The events of a plan as they were defined, for those who resolve names in them. */
const definitionsOf = (events: readonly EventPlan[]): Events =>
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

const namesIn = (value: unknown): readonly string[] =>
  (isList(value) ? value : [value]).filter((name) => typeof name === 'string');

const dimensionOf = (name: string, fields: KnownFields): DimensionPlan | undefined => {
  const field = fields.find(name);
  return field && { name: dimensionName(name), field };
};

const readEvery = (value: unknown, report: Report): Question['every'] => {
  if (value === undefined) return null;
  const every = everyOf(value);
  if (every === undefined)
    report(
      'bad_value',
      'every',
      `${shown(value)} is not the width of a bucket.`,
      didYouMean(value, widths),
    );
  return every ?? null;
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

const readZone = (value: unknown, knowsZone: (name: string) => boolean, report: Report): string => {
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

const readOrder = (
  value: unknown,
  columns: readonly string[],
  report: Report,
): Question['order'] => {
  if (value === undefined) return [];
  if (!isRecord(value)) {
    report('wrong_shape', 'order', `This is ${shown(value)}.`, 'Write { "revenue": "desc" }.');
    return [];
  }
  return Object.entries(value).flatMap(([column, direction]) => {
    const place = join('order', column);
    if (!columns.includes(column)) {
      report(
        'unknown_property',
        place,
        `The answer has no column ${shown(column)}.`,
        didYouMean(column, columns),
      );
    } else if (direction !== 'asc' && direction !== 'desc') {
      report('bad_value', place, `This is ${shown(direction)}.`, 'Say asc or desc.');
    }
    return [{ column, descending: direction === 'desc' }];
  });
};

const readLimit = (value: unknown, report: Report): number => {
  if (value === undefined) return questionBounds.rowsDefault;
  const { rowsMax } = questionBounds;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= rowsMax)
    return value;
  report('bad_value', 'limit', `This is ${shown(value)}.`, `Give 1 to ${rowsMax} rows.`);
  return questionBounds.rowsDefault;
};

const readFill = (value: unknown, report: Report): boolean => {
  if (value !== undefined && typeof value !== 'boolean')
    report('bad_value', 'fill', `This is ${shown(value)}.`, 'Say true or false.');
  return value === true;
};

/** Rows that no event made have no place in another order, nor may they push out those that are. */
const checkFill = (
  { every, sinceMs, untilMs }: Question,
  asked: { readonly [key: string]: unknown },
  report: Report,
): void => {
  if (every === null || sinceMs === null || untilMs === null) {
    report(
      'bad_value',
      'fill',
      'Only buckets between two times can be filled.',
      'Give every, since and until.',
    );
    return;
  }
  if (asked.order !== undefined || asked.limit !== undefined)
    report(
      'bad_value',
      'fill',
      'What is filled is ordered by bucket, and whole.',
      'Leave out order and limit.',
    );
  const buckets = (untilMs - sinceMs) / widthsMs[every];
  if (buckets > questionBounds.rowsMax)
    report(
      'out_of_bounds',
      'fill',
      `These are ${Math.ceil(buckets)} buckets.`,
      `Ask for at most ${questionBounds.rowsMax}: a shorter range, or wider buckets.`,
    );
};

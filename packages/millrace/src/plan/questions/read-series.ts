import {
  didYouMean,
  isRecord,
  join,
  type Report,
  readRecord,
  shown,
  type UnknownRecord,
} from '../contradiction.ts';
import type { Plan } from '../plan.ts';
import { questionBounds } from '../question.ts';
import { checkDimensions, checkMeasures, readFrom } from '../read-aggregation.ts';
import { readMeasures } from '../read-measures.ts';
import { readWhere } from '../read-where.ts';
import { widthsMs } from '../widths.ts';
import {
  commonKeys,
  definitionsOf,
  dimensionsIn,
  namesIn,
  readCommon,
  readEvery,
  readFlag,
  readZone,
} from './read-common.ts';
import { checkSample, readSample } from './read-sample.ts';
import { otherColumn, type SeriesQuestion, seriesColumns } from './series.ts';

const keys = [
  ...commonKeys,
  'from',
  'measures',
  'by',
  'where',
  'every',
  'zone',
  'order',
  'other',
  'compare',
  'fill',
  'sample',
];

export const readSeries = (
  document: UnknownRecord,
  plan: Plan,
  knowsZone: (name: string) => boolean,
  report: Report,
): SeriesQuestion | undefined => {
  const asked = readRecord(document, '', keys, report);
  if (!asked) return undefined;
  const { rowsMax, ...common } = readCommon(asked, report);
  const other = readFlag(asked.other, 'other', report);
  const fields = readFrom(asked.from, 'from', definitionsOf(plan.events), 'question', report);
  const taken = ['bucket', ...(other ? [otherColumn] : [])];
  const dimensions = checkDimensions(asked.by, 'by', fields, taken, report);
  checkMeasures(asked.measures, 'measures', fields, [...taken, ...dimensions], report);
  const shape = {
    every: readEvery(asked.every, report),
    by: dimensionsIn(asked.by, fields),
    measures: readMeasures(asked.measures, fields),
    groupsMax: other ? rowsMax : null,
    previousByMs: readCompare(asked.compare, common, report),
    sample: readSample(asked.sample, report),
  };
  const columns = seriesColumns(shape).map(({ name }) => name);
  checkNames(columns, shape.previousByMs === null ? 'sample' : 'compare', report);
  const question: SeriesQuestion = {
    kind: 'series',
    ...common,
    ...shape,
    from: namesIn(asked.from),
    where: asked.where === undefined ? null : readWhere(asked.where, 'where', fields, report),
    zone: readZone(asked.zone, knowsZone, report),
    order: readOrder(asked.order, columns, report),
    rowsMax: other ? questionBounds.rowsMax : rowsMax,
    fill: readFlag(asked.fill, 'fill', report),
  };
  if (question.fill) checkFill(question, asked, report);
  checkSample(question, asked, report);
  return other ? ranked(question, asked, report) : question;
};

/** The period before is as long as the range, and ends where it begins. */
const readCompare = (
  value: unknown,
  { sinceMs, untilMs }: Pick<SeriesQuestion, 'sinceMs' | 'untilMs'>,
  report: Report,
): number | null => {
  if (value === undefined) return null;
  if (value !== 'previous') {
    report('bad_value', 'compare', `This is ${shown(value)}.`, 'Say previous.');
    return null;
  }
  if (sinceMs === null || untilMs === null) {
    report(
      'bad_value',
      'compare',
      'Only a range between two times has one before it.',
      'Give since and until.',
    );
    return null;
  }
  const previousByMs = untilMs - sinceMs;
  if (sinceMs - previousByMs < firstMs)
    report(
      'out_of_bounds',
      'compare',
      'The period before would begin before the year 1900.',
      'Ask for a shorter range.',
    );
  return previousByMs;
};

const firstMs = Date.UTC(1900, 0, 1);

/** Only columns of the period before, or of intervals, can be there twice by now. */
const checkNames = (columns: readonly string[], place: string, report: Report): void => {
  const twice = columns.find((name, at) => columns.indexOf(name) !== at);
  if (twice !== undefined)
    report(
      'name_taken',
      place,
      `There would be two columns ${shown(twice)}.`,
      'Give the measure another name.',
    );
};

const readOrder = (
  value: unknown,
  columns: readonly string[],
  report: Report,
): SeriesQuestion['order'] => {
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

/** Groups come by what is asked of their totals; if nothing is, the greatest first. */
const ranked = (question: SeriesQuestion, asked: UnknownRecord, report: Report): SeriesQuestion => {
  if (question.by.length === 0 || asked.limit === undefined)
    report(
      'bad_value',
      'other',
      'Only groups beyond a limit can be one row.',
      'Give by, and how many groups have rows of their own as limit.',
    );
  for (const { column } of question.order)
    if (column === 'bucket' || column === otherColumn)
      report(
        'bad_value',
        join('order', column),
        'This orders groups, over all buckets.',
        'Name measures or fields of by.',
      );
  const [first] = question.measures;
  if (question.order.length > 0 || first === undefined) return question;
  return { ...question, order: [{ column: first.name, descending: true }] };
};

/** Rows that no event made have no place in another order, nor may they push out those that are. */
const checkFill = (
  { every, sinceMs, untilMs, groupsMax }: SeriesQuestion,
  asked: UnknownRecord,
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
  if (groupsMax === null && (asked.order !== undefined || asked.limit !== undefined))
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

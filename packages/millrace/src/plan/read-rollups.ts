import type { Events } from '../define/fields.ts';
import {
  bounds,
  didYouMean,
  join,
  type Report,
  readList,
  readRecord,
  shown,
} from './contradiction.ts';
import type { Every } from './plan.ts';
import {
  checkDimensions,
  checkMeasures,
  checkTableName,
  nameRegister,
  readFrom,
} from './read-aggregation.ts';
import { dayMs, readDuration } from './read-duration.ts';
import { readWhere } from './read-where.ts';

const widthsMs: { readonly [every in Every]: number } = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: dayMs,
  week: 7 * dayMs,
  month: 31 * dayMs,
};

export const checkRollups = (value: unknown, events: Events, report: Report): void => {
  if (value === undefined) return;
  const checkNameIsFree = nameRegister('rollups');
  readList(value, 'rollups', bounds.rollupsMax, report).forEach((rollup, index) => {
    checkNameIsFree(rollup, index, report);
    checkRollup(rollup, `rollups[${index}]`, events, report);
  });
};

const checkRollup = (value: unknown, place: string, events: Events, report: Report): void => {
  const keys = ['name', 'from', 'every', 'by', 'where', 'measures', 'keep'];
  const rollup = readRecord(value, place, keys, report);
  if (!rollup) return;
  checkTableName(rollup.name, place, report);
  const every = Object.keys(widthsMs).find((width) => width === rollup.every);
  if (every === undefined)
    report(
      'bad_value',
      join(place, 'every'),
      `${shown(rollup.every)} is not the width of a bucket.`,
      didYouMean(rollup.every, Object.keys(widthsMs)),
    );
  const fields = readFrom(rollup.from, join(place, 'from'), events, 'rollup', report);
  const dimensions = checkDimensions(rollup.by, join(place, 'by'), fields, ['bucket'], report);
  if (rollup.where !== undefined) readWhere(rollup.where, join(place, 'where'), fields, report);
  checkMeasures(
    rollup.measures,
    join(place, 'measures'),
    fields,
    ['bucket', ...dimensions],
    report,
  );
  readDuration(rollup.keep, join(place, 'keep'), { minMs: widthOf(every) }, report);
};

const widthOf = (every: string | undefined): number =>
  Object.entries(widthsMs).find(([width]) => width === every)?.[1] ?? 1_000;

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
import {
  checkDimensions,
  checkMeasures,
  checkTableName,
  nameRegister,
  readFrom,
} from './read-aggregation.ts';
import { readDuration } from './read-duration.ts';
import { readWhere } from './read-where.ts';
import { everyOf, widths, widthsMs } from './widths.ts';

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
  const every = everyOf(rollup.every);
  if (every === undefined)
    report(
      'bad_value',
      join(place, 'every'),
      `${shown(rollup.every)} is not the width of a bucket.`,
      didYouMean(rollup.every, widths),
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
  readDuration(rollup.keep, join(place, 'keep'), { minMs: widthsMs[every ?? 'second'] }, report);
};

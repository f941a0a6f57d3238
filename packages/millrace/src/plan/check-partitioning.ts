import type { Events } from '../define/fields.ts';
import { builtInTypes } from './built-in-events.ts';
import {
  bounds,
  didYouMean,
  join,
  type Report,
  readList,
  readRecord,
  shown,
} from './contradiction.ts';
import { defaults } from './defaults.ts';
import type { Partitioning } from './plan.ts';

/**
 * Over how many months or days the events of one ordinary insert are spread: a
 * month and its neighbour; today, tomorrow (clocks may be a day ahead) and two
 * days back. What is spread wider is inserted in several pieces.
 */
const periodsPerInsert: { readonly [by in Partitioning['by']]: number } = { month: 2, day: 4 };

/** Checks the parts that an insert would make against the budget. */
export const checkPartitioning = (value: unknown, events: Events, report: Report): void => {
  const place = 'partitioning';
  const given =
    value === undefined
      ? {}
      : (readRecord(value, place, ['by', 'ownTypes', 'partsPerInsert'], report) ?? {});
  const by = given.by === undefined ? 'month' : given.by;
  if (by !== 'month' && by !== 'day') {
    report(
      'bad_value',
      join(place, 'by'),
      `Partitions are not made by ${shown(by)}.`,
      "Say 'month' or 'day'.",
    );
    return;
  }
  const budget = given.partsPerInsert ?? defaults.partsPerInsertMax;
  if (typeof budget !== 'number' || !Number.isInteger(budget) || budget < 1 || budget > 1_000) {
    report(
      'out_of_bounds',
      join(place, 'partsPerInsert'),
      `${shown(budget)} is not a number of parts that an insert may make.`,
      'Give a whole number from 1 to 1000.',
    );
    return;
  }
  const types = [...new Set([...Object.keys(events), ...builtInTypes])];
  const own = given.ownTypes === undefined ? types : readOwnTypes(given.ownTypes, types, report);
  const groups = own.length < types.length ? own.length + 1 : types.length;
  const parts = groups * periodsPerInsert[by];
  if (parts > budget)
    report(
      'parts_budget',
      place,
      `An insert may make ${parts} parts: ${groups} partitions for types of event × ${periodsPerInsert[by]} ${by}s. The budget is ${budget}.`,
      by === 'day'
        ? "Name the few large types in ownTypes, or say by: 'month'."
        : 'Name the few large types in ownTypes; all others then share a partition.',
    );
};

const readOwnTypes = (
  value: unknown,
  types: readonly string[],
  report: Report,
): readonly string[] => {
  const place = 'partitioning.ownTypes';
  const own = readList(value, place, bounds.eventsMax + builtInTypes.length, report);
  return own.flatMap((type, index) => {
    const at = `${place}[${index}]`;
    if (typeof type !== 'string' || !types.includes(type)) {
      report('unknown_event', at, `There is no event ${shown(type)}.`, didYouMean(type, types));
      return [];
    }
    if (own.indexOf(type) !== index) {
      report('name_taken', at, `${shown(type)} is named twice.`, 'Name it once.');
      return [];
    }
    return [type];
  });
};

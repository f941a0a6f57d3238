import { type Report, readRecord, shown, type UnknownRecord } from '../contradiction.ts';
import type { Plan } from '../plan.ts';
import { readEventsObject } from './events-asked.ts';
import { commonKeys, readCommon, readCount, readPer, readZone } from './read-common.ts';
import { type RetentionQuestion, retentionWidths } from './retention.ts';

const keys = [...commonKeys, 'first', 'return', 'every', 'periods', 'per', 'zone'];

/** What a cohort may have of them. */
export const periodsBounds = { max: 400, default: 8 } as const;

export const readRetention = (
  document: UnknownRecord,
  plan: Plan,
  knowsZone: (name: string) => boolean,
  report: Report,
): RetentionQuestion | undefined => {
  const asked = readRecord(document, '', keys, report);
  if (!asked) return undefined;
  return {
    kind: 'retention',
    ...readCommon(asked, report),
    first: readEventsObject(asked.first, 'first', plan, report),
    back: readEventsObject(asked.return, 'return', plan, report),
    every: readWidth(asked.every, report),
    zone: readZone(asked.zone, knowsZone, report),
    periods: readCount(asked.periods, 'periods', periodsBounds, report),
    per: readPer(asked.per, report),
  };
};

const readWidth = (value: unknown, report: Report): RetentionQuestion['every'] => {
  const width = retentionWidths.find((known) => known === value);
  if (width === undefined)
    report(
      'bad_value',
      'every',
      `${shown(value)} is not the width of a cohort.`,
      `There are: ${retentionWidths.join(', ')}.`,
    );
  return width ?? 'day';
};

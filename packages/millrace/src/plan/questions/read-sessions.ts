import { bounds, type Report, readRecord, type UnknownRecord } from '../contradiction.ts';
import type { DimensionPlan, Plan } from '../plan.ts';
import { checkDimensions, checkLevels } from '../read-aggregation.ts';
import { readDuration } from '../read-duration.ts';
import type { KnownFields } from '../read-where.ts';
import { readEventsAsked } from './events-asked.ts';
import {
  commonKeys,
  dimensionsIn,
  readCommon,
  readEvery,
  readPer,
  readZone,
} from './read-common.ts';
import type { SessionsQuestion } from './sessions.ts';

const keys = [
  ...commonKeys,
  ...['from', 'where', 'gap', 'per', 'every', 'zone', 'entry', 'exit', 'levels'],
];

/** After half an hour without events most tools begin a new session. */
export const gapDefaultMs = 1_800_000;

export const readSessions = (
  document: UnknownRecord,
  plan: Plan,
  knowsZone: (name: string) => boolean,
  report: Report,
): SessionsQuestion | undefined => {
  const asked = readRecord(document, '', keys, report);
  if (!asked) return undefined;
  const { asked: of, fields } = readEventsAsked(asked, '', 'question', plan, report);
  if (asked.levels !== undefined) checkLevels(asked.levels, 'levels', report);
  return {
    kind: 'sessions',
    ...readCommon(asked, report),
    of,
    gapMs: readDuration(asked.gap, 'gap', { minMs: 1 }, report) ?? gapDefaultMs,
    per: readPer(asked.per, report),
    every: readEvery(asked.every, report),
    zone: readZone(asked.zone, knowsZone, report),
    entry: readEnds(asked.entry, 'entry', fields, report),
    exit: readEnds(asked.exit, 'exit', fields, report),
    levels: Array.isArray(asked.levels) ? asked.levels.slice(0, bounds.dimensionsMax) : [0.5],
  };
};

const readEnds = (
  value: unknown,
  end: 'entry' | 'exit',
  fields: KnownFields,
  report: Report,
): readonly DimensionPlan[] => {
  checkDimensions(value, end, fields, [], report);
  return dimensionsIn(value, fields).map(({ name, field }) => ({ name: `${end}_${name}`, field }));
};

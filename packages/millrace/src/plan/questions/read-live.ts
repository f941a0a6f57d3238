import { type Report, readRecord, type UnknownRecord } from '../contradiction.ts';
import type { Plan } from '../plan.ts';
import { readEventsAsked } from './events-asked.ts';
import type { LiveQuestion } from './live.ts';
import { readCommon, readCount, readPer } from './read-common.ts';

const keys = ['kind', 'minutes', 'from', 'where', 'per', 'age', 'explain'];

export const minutesBounds = { max: 1_440, default: 30 } as const;
const minuteMs = 60_000;

export const readLive = (
  document: UnknownRecord,
  plan: Plan,
  nowMs: number,
  report: Report,
): LiveQuestion | undefined => {
  const asked = readRecord(document, '', keys, report);
  if (!asked) return undefined;
  const minutes = readCount(asked.minutes, 'minutes', minutesBounds, report);
  // Whole minutes, so that within one the same question is the same.
  const untilMs = (Math.floor(nowMs / minuteMs) + 1) * minuteMs;
  return {
    kind: 'live',
    ...readCommon({ age: asked.age, explain: asked.explain }, report),
    of: readEventsAsked(asked, '', 'question', plan, report).asked,
    per: readPer(asked.per, report),
    sinceMs: untilMs - minutes * minuteMs,
    untilMs,
    minutes,
    rowsMax: minutes + 1,
  };
};

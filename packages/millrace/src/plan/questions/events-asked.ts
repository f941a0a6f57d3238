import { builtInTypes } from '../built-in-events.ts';
import { type Report, readRecord } from '../contradiction.ts';
import type { Condition, Plan } from '../plan.ts';
import { readFrom } from '../read-aggregation.ts';
import { type KnownFields, readWhere } from '../read-where.ts';
import { definitionsOf, namesIn } from './read-common.ts';

/** Which events a part of a question is about. */
export interface EventsAsked {
  /** Types of event; null for all. */
  readonly from: readonly string[] | null;
  readonly where: Condition | null;
}

interface Read {
  readonly asked: EventsAsked;
  readonly fields: KnownFields;
}

/** @param what asks: `step`, as in `No event of this step has "value".` */
export const readEventsAsked = (
  { from, where }: { readonly from?: unknown; readonly where?: unknown },
  place: string,
  what: string,
  plan: Plan,
  report: Report,
): Read => {
  const at = (key: string): string => (place === '' ? key : `${place}.${key}`);
  const events = definitionsOf(plan.events);
  const all = [...Object.keys(events), ...builtInTypes];
  const fields = readFrom(from ?? all, at('from'), events, what, report);
  return {
    asked: {
      from: from === undefined ? null : namesIn(from),
      where: where === undefined ? null : readWhere(where, at('where'), fields, report),
    },
    fields,
  };
};

/** The same of an object of its own, which may be left out: all events. */
export const readEventsObject = (
  value: unknown,
  place: string,
  plan: Plan,
  report: Report,
): EventsAsked => {
  const asked = value === undefined ? {} : readRecord(value, place, ['from', 'where'], report);
  return readEventsAsked(asked ?? {}, place, 'question', plan, report).asked;
};

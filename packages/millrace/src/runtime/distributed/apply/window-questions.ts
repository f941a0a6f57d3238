import { eventsTable } from '../../../compile/clickhouse/events-table.ts';
import type { WindowSource } from '../../../compile/clickhouse/window-range.ts';
import {
  windowEvents,
  windowEventsBy,
  windowHistory,
} from '../../../compile/clickhouse/window-replay.ts';
import type { WindowPlan } from '../../../plan/plan.ts';
import type { WindowQuestions } from '../../../windows/replay-steps.ts';
import { database } from '../../database.ts';
import type { WindowFill } from './window-version.ts';

/** What is asked about the events that the store computes results from. */
export const windowQuestions = (from: 'archive' | 'events'): WindowQuestions<WindowFill> => ({
  events: (window, fill, range) => windowEvents(window, range, sourceOf(window, from, fill)),
  eventsBy: (window, fill, range) => windowEventsBy(window, range, sourceOf(window, from, fill)),
});

/** The events that are stored, or those that were read again. */
export const sourceOf = (
  window: WindowPlan,
  from: 'archive' | 'events',
  { cut }: Pick<WindowFill, 'cut'>,
): WindowSource =>
  from === 'events'
    ? { table: { database, table: eventsTable }, cut }
    : { table: windowHistory(window, database) };

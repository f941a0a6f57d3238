import { askSql } from '../../api/sql.ts';
import { type EventRow, shownMax } from './event-row.ts';

const question = `SELECT event_id, type, toUnixTimestamp64Milli(received_at) AS ms, late,
    coalesce(user_id, anonymous_id, session_id) AS who, properties
  FROM events ORDER BY received_at DESC, event_id DESC LIMIT ${shownMax} FORMAT JSONEachRow`;

/** The last events, newest first. */
export const askLastEvents = (): Promise<readonly EventRow[]> => askSql(question);

import { askSql } from '../../api/sql.ts';

const shownMax = 20;

export interface EventRow {
  readonly event_id: string;
  readonly type: string;
  /** Epoch milliseconds, as text. */
  readonly ms: string;
  readonly late: boolean;
  readonly who: string | null;
  readonly properties: { readonly [name: string]: unknown };
}

const question = `SELECT event_id, type, toUnixTimestamp64Milli(received_at) AS ms, late,
    coalesce(user_id, anonymous_id, session_id) AS who, properties
  FROM events ORDER BY received_at DESC, event_id DESC LIMIT ${shownMax} FORMAT JSONEachRow`;

/** The last events, newest first. */
export const askLastEvents = (): Promise<readonly EventRow[]> => askSql(question);

import { randomUUID } from 'node:crypto';
import { resultRows } from '../ports/result-rows.ts';
import type { ReadOptions, Store } from '../ports/store.ts';
import { type LetterPlace, letterPlace } from './letter-place.ts';

export interface LetterFilter {
  readonly id?: string;
  readonly code?: string;
  readonly type?: string;
  /** Refused then or later (epoch ms). */
  readonly since?: number;
}

export interface LetterSummary {
  /** Its place in the log of dead letters, as `0/17`. */
  readonly id: string;
  /** ISO 8601, as all times here. */
  readonly received_at: string;
  readonly code: string;
  readonly reason: string;
  readonly protocol: string;
  readonly event_id: string | null;
  readonly type: string | null;
  /** When its event was accepted after all; null if it was not. */
  readonly retried_at: string | null;
}

export interface Letter extends LetterSummary {
  readonly raw_base64: string;
}

export interface CodeCount {
  readonly code: string;
  readonly letters: number;
  /** Of these: those whose events were accepted after all. */
  readonly retried: number;
}

/** The dead letters in the store, and which of them were sent again with success. */
export interface StoredLetters {
  counts(filter: LetterFilter): Promise<readonly CodeCount[]>;
  /** The newest first; only those that came before `before`, if it is given and kept. */
  newest(
    filter: LetterFilter,
    limit: number,
    before?: LetterPlace | null,
  ): Promise<readonly LetterSummary[]>;
  /** In the order of the log, those behind `after` that were not retried. */
  pending(
    filter: LetterFilter,
    after: LetterPlace | null,
    limit: number,
  ): Promise<readonly Letter[]>;
  find(id: string): Promise<Letter | undefined>;
  /** Of these event ids: those of events that are stored. */
  storedEvents(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Durable when it resolves. */
  markRetried(ids: readonly string[], at: number): Promise<void>;
}

export function createStoredLetters(store: Store): StoredLetters {
  const rows = async <Row>(
    sql: string,
    params: ReadOptions['params'] = {},
  ): Promise<readonly Row[]> => resultRows(await store.read(sql, { params, settings: asJson }));

  return {
    counts(filter) {
      const { where, params } = condition(filter);
      return rows<CodeCount>(
        `SELECT l.code AS code, count() AS letters, count(r.retried_at) AS retried
         ${lettersWithRetries} WHERE ${where} GROUP BY code ORDER BY letters DESC, code`,
        params,
      );
    },
    newest(filter, limit, before = null) {
      const { where, params } = condition(filter);
      const cut = before === null ? { where: '1', params: {} } : cameBefore(before);
      return rows<LetterSummary>(
        `SELECT ${summary} ${lettersWithRetries} WHERE ${where} AND ${cut.where}
         ORDER BY l.received_at DESC, l._partition DESC, l._offset DESC LIMIT {limit:UInt32}`,
        { ...params, ...cut.params, limit },
      );
    },
    pending(filter, after, limit) {
      const { where, params } = condition(filter);
      const { partition, offset } = after ?? { partition: 0, offset: -1 };
      return rows<Letter>(
        `SELECT ${summary}, base64Encode(l.raw) AS raw_base64 ${lettersWithRetries}
         WHERE ${where} AND r.retried_at IS NULL
           AND (l._partition, toInt64(l._offset)) > ({partition:UInt32}, {offset:Int64})
         ORDER BY l._partition, l._offset LIMIT {limit:UInt32}`,
        { ...params, partition, offset, limit },
      );
    },
    async find(id) {
      const { where, params } = condition({ id });
      const [letter] = await rows<Letter>(
        `SELECT ${summary}, base64Encode(l.raw) AS raw_base64 ${lettersWithRetries} WHERE ${where} LIMIT 1`,
        params,
      );
      return letter;
    },
    async storedEvents(ids) {
      if (ids.length === 0) return new Set();
      const stored = await rows<{ readonly event_id: string }>(
        'SELECT DISTINCT event_id FROM events WHERE event_id IN {ids:Array(String)}',
        { ids },
      );
      return new Set(stored.map(({ event_id }) => event_id));
    },
    async markRetried(ids, at) {
      if (ids.length === 0) return;
      const lines = ids.map((id) => {
        const { partition, offset } = placeOf(id);
        return `${JSON.stringify({ _partition: partition, _offset: offset, retried_at: at })}\n`;
      });
      await store.insert({
        table: 'dead_letters__retried',
        lines: Buffer.from(lines.join('')),
        rows: lines.length,
        token: randomUUID(),
      });
    },
  };
}

const asJson = {
  date_time_output_format: 'iso',
  output_format_json_quote_64bit_integers: 0,
  join_use_nulls: 1,
};

const lettersWithRetries = `FROM dead_letters AS l LEFT ANY JOIN dead_letters__retried AS r
  ON r._partition = l._partition AND r._offset = l._offset`;

const summary = `concat(toString(l._partition), '/', toString(l._offset)) AS id,
  l.received_at AS received_at, l.code AS code, l.reason AS reason, l.protocol AS protocol,
  l.event_id AS event_id, l.type AS type, r.retried_at AS retried_at`;

/** @throws RangeError for what is no id: ask `letterPlace` first. */
function placeOf(id: string): LetterPlace {
  const place = letterPlace(id);
  if (place === null) throw new RangeError(`${id} is not the id of a dead letter`);
  return place;
}

/** Of a letter that is gone by age, the maxima are of nothing, and nothing came before. */
const cameBefore = ({ partition, offset }: LetterPlace) => ({
  where: `(l.received_at, l._partition, l._offset) < (
    SELECT max(received_at), max(_partition), max(_offset) FROM dead_letters
    WHERE _partition = {before_partition:UInt32} AND _offset = {before_offset:UInt64})`,
  params: { before_partition: partition, before_offset: offset },
});

function condition({ id, code, type, since }: LetterFilter) {
  const parts: string[] = ['1'];
  const params: Record<string, unknown> = {};
  if (id !== undefined) {
    const { partition, offset } = placeOf(id);
    parts.push('l._partition = {at_partition:UInt32} AND l._offset = {at_offset:UInt64}');
    params.at_partition = partition;
    params.at_offset = offset;
  }
  if (code !== undefined) {
    parts.push('l.code = {code:String}');
    params.code = code;
  }
  if (type !== undefined) {
    parts.push('l.type = {type:String}');
    params.type = type;
  }
  if (since !== undefined) {
    parts.push('toUnixTimestamp64Milli(l.received_at) >= {since:Int64}');
    params.since = since;
  }
  return { where: parts.join(' AND '), params };
}

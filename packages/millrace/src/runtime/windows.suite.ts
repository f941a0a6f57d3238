import { expect } from 'vitest';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { count, decimal, definePipeline, event, min, sum, window } from '../index.ts';
import type { Embedded } from './embedded.ts';

export const latenessMs = 10_000;
/** Two minutes before a month ends, so that windows of one insert lie in two partitions. */
export const beginMs = Date.UTC(2026, 10, 30, 23, 58);

const purchase = event({ value: decimal(18, 2) });
export const base = {
  name: 'shop',
  events: { purchase, other: event({}) },
  lateness: '10s',
} as const;
export const shop = definePipeline({
  ...base,
  windows: [
    window('by_user', {
      from: 'purchase',
      tumbling: '1m',
      by: ['user_id'],
      where: { value: { gt: 1 } },
      measures: { orders: count(), spent: sum('value') },
    }),
    window('busy', {
      from: ['purchase', 'other'],
      hopping: { size: '5m', every: '1m' },
      measures: { events: count() },
      having: { events: { gte: 3 } },
    }),
    window('visits', {
      from: ['purchase', 'other'],
      session: { gap: '20s', max: '2m' },
      by: ['user_id'],
      measures: { events: count(), spent: sum('value'), first: min('timestamp') },
    }),
  ],
});

export async function send({ collector }: Embedded, ...events: readonly object[]): Promise<void> {
  const body = Buffer.from(JSON.stringify(events));
  const { rejected } = await collector.collect(
    nativeBatch(readJson(body, false, collector.limits)),
  );
  expect(rejected).toEqual([]);
}

export async function results(
  { store }: Embedded,
  columns: string,
  from: string,
): Promise<string[]> {
  const { bytes } = await store.read(
    `SELECT toUnixTimestamp64Milli(window_end), ${columns} FROM ${from}`,
    { format: 'TSV' },
  );
  return Buffer.from(bytes).toString().split('\n').filter(Boolean).sort();
}

export interface Sent {
  readonly type: 'purchase' | 'other';
  readonly timestamp: number;
  readonly sentAtMs: number;
  readonly user_id: string | null;
  readonly cents: number;
}

/** Which results there must be, by their windows' ends (epoch ms). */
export interface Until {
  /** Behind which they begin: where the window was open when it was new. */
  readonly openMs: number;
  readonly nowMs: number;
}

/** Something of each window, such as the table its results are read from. */
export interface Tables {
  readonly by_user: string;
  readonly busy: string;
  readonly visits: string;
}

const seen: Tables = { by_user: 'by_user', busy: 'busy', visits: 'visits' };

/** The results there must be, computed from what was sent. */
function expected(sent: readonly Sent[], { openMs, nowMs }: Until) {
  const inTime = sent.filter(({ timestamp, sentAtMs }) => sentAtMs - timestamp <= latenessMs);
  const byUser: string[] = [];
  const busy: string[] = [];
  const minute = 60_000;
  for (
    let end = Math.floor(openMs / minute) * minute + minute;
    end <= nowMs - latenessMs;
    end += minute
  ) {
    const lastMinute = inTime.filter(
      ({ timestamp, type, cents }) =>
        timestamp >= end - minute && timestamp < end && type === 'purchase' && cents > 100,
    );
    for (const user of new Set(lastMinute.map(({ user_id }) => user_id))) {
      const its = lastMinute.filter(({ user_id }) => user_id === user);
      const spent = its.reduce((total, { cents }) => total + cents, 0);
      byUser.push(`${end}\t${user ?? '\\N'}\t${its.length}\t${(spent / 100).toFixed(2)}`);
    }
    const around = inTime.filter(
      ({ timestamp }) => timestamp >= end - 5 * minute && timestamp < end,
    );
    if (around.length >= 3) busy.push(`${end}\t${around.length}\t5`);
  }
  return {
    by_user: byUser.sort(),
    busy: busy.sort(),
    visits: visits(inTime, openMs, nowMs).sort(),
  };
}

const gapMs = 20_000;
const maxMs = 120_000;

/** Sessions as one would write them down: one event after another. */
function visits(events: readonly Sent[], openMs: number, nowMs: number): string[] {
  const written: string[] = [];
  for (const user of new Set(events.map(({ user_id }) => user_id))) {
    const its = events
      .filter(({ user_id }) => user_id === user)
      .sort((a, b) => a.timestamp - b.timestamp);
    let open: Sent[] = [];
    const close = () => {
      const [first, last] = [open[0], open.at(-1)];
      if (!first || !last) return;
      const cut = (Math.floor(first.timestamp / maxMs) + 1) * maxMs;
      const end = Math.min(last.timestamp + gapMs, cut);
      const cents = open.reduce((sum, one) => sum + (one.type === 'purchase' ? one.cents : 0), 0);
      if (end <= nowMs - latenessMs && end > Math.floor(openMs / 1_000) * 1_000)
        written.push(
          [
            end,
            first.timestamp,
            user ?? '\\N',
            open.length,
            (cents / 100).toFixed(2),
            first.timestamp,
          ].join('\t'),
        );
      open = [];
    };
    for (const event of its) {
      const before = open.at(-1);
      const isCut =
        before !== undefined &&
        Math.floor(before.timestamp / maxMs) !== Math.floor(event.timestamp / maxMs);
      if (isCut || (before && event.timestamp - before.timestamp >= gapMs)) close();
      open.push(event);
    }
    close();
  }
  return written;
}

export async function expectResults(
  embedded: Embedded,
  sent: readonly Sent[],
  until: Until,
  tables: Tables = seen,
  names: readonly (keyof Tables)[] = ['by_user', 'busy', 'visits'],
): Promise<void> {
  const right = expected(sent, until);
  for (const name of names)
    expect(await results(embedded, columns[name], tables[name])).toEqual(right[name]);
}

const columns: Tables = {
  by_user: 'user_id, orders, toDecimalString(spent, 2)',
  busy: "events, dateDiff('minute', window_start, window_end)",
  visits:
    'toUnixTimestamp64Milli(window_start), user_id, events, toDecimalString(spent, 2), toUnixTimestamp64Milli(first)',
};

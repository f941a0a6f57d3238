import { expect, test } from 'vitest';
import { everyWindow } from '../../compile/clickhouse/every-window.suite.ts';
import { planOf } from '../../plan/plan-of.ts';
import { windowWays } from './table-ways.ts';
import { windowsOut } from './windows-out.ts';

const plan = planOf(everyWindow);
const heartbeatMs = Date.UTC(2026, 10, 29);

test('windows are out as far as heartbeats are through, less what may be on its way then', () => {
  const { emittedMs } = windowsOut(() => plan, { asOfMs: () => heartbeatMs });
  // Lateness is 4 s, and an event may have been appended 5 s before it got into the log.
  expect(emittedMs('by_kind__v1')).toBe(heartbeatMs - 9_000);
  // A session that is cut comes out with the gap behind it.
  expect(emittedMs('visits__v1')).toBe(heartbeatMs - 9_000 - 1_500);
});

test('which are out is not told before it is known', () => {
  const { emittedMs } = windowsOut(() => plan, { asOfMs: () => null });
  expect(() => emittedMs('by_kind__v1')).toThrow(
    expect.objectContaining({ code: 'log_unavailable' }),
  );
});

test('who waits for more is woken by a heartbeat, or when it is over', async () => {
  let ms = heartbeatMs;
  const { emittedMs, emittedPast } = windowsOut(() => plan, { asOfMs: () => ms });
  const over = new AbortController();
  const more = emittedPast('by_kind__v1', emittedMs('by_kind__v1'), over.signal);
  const never = emittedPast('by_kind__v1', heartbeatMs, over.signal);
  ms += 1;
  await more;
  over.abort();
  await never;
});

test('heartbeats go through the job of a window and a loader of its results', () => {
  expect(windowWays(plan).get('visits__v1')).toEqual([
    { group: 'every_window.visits__v1', log: 'every_window.clean', holdsMs: 1_000 },
    { group: 'every_window.loader', log: 'every_window.visits__v1' },
  ]);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventStream } from './support/event-stream.ts';
import { MillraceProcess, rows, settled } from './support/millrace-process.ts';
import { Random, testSeed } from './support/random.ts';
import { runCommand } from './support/run-command.ts';

const pipeline = fileURLToPath(new URL('./support/windows.config.ts', import.meta.url));
const seed = testSeed();

interface Result {
  readonly window_end: string;
  readonly user_id: string;
  readonly views: string;
  readonly amount: string;
}

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'millrace-windows-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

let serial = 0;
const view = (user_id: string, price: string, timestamp = Date.now()) => ({
  event_id: `v${++serial}`,
  type: 'view',
  timestamp,
  user_id,
  properties: { price },
});

async function send(url: string, ...events: readonly object[]): Promise<void> {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  });
  expect(response.status).toBe(200);
}

const resultsOf = (url: string): Promise<readonly Result[]> =>
  rows(
    url,
    'SELECT toString(window_end) AS window_end, user_id, views, amount FROM by_second ORDER BY 1, 2',
  );

/** The results there must be, of the events that are not late. */
const recomputedFrom = (url: string): Promise<readonly Result[]> =>
  rows(
    url,
    `SELECT toString(fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(timestamp), 1000) * 1000 + 1000, 'UTC')) AS window_end,
            user_id, count() AS views, sum(properties.price) AS amount
     FROM events WHERE NOT late GROUP BY ALL ORDER BY 1, 2`,
  );

/** Sends views, some of them late, to whatever there is to send to. */
async function writeViews(
  random: Random,
  to: () => string | null,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const events = Array.from({ length: 5 }, () =>
      view(
        `u${random.between(1, 4)}`,
        (random.between(100, 999) / 100).toFixed(2),
        Date.now() - random.between(0, 1_300),
      ),
    );
    const url = to();
    // What a crash leaves unanswered is lost or kept; both are in order.
    if (url !== null) await send(url, ...events).catch(() => {});
    await sleep(20);
  }
}

/** Waits until every event that is not late is in a window. */
async function allOut(url: string): Promise<void> {
  await settled(url);
  for (;;) {
    const [left] = await rows<{ n: string }>(
      url,
      `SELECT toInt64((SELECT countIf(NOT late) FROM events)) - toInt64((SELECT sum(views) FROM by_second)) AS n`,
    );
    if (Number(left?.n) <= 0) return;
    await sleep(50);
  }
}

describe(`windows, whenever the process dies (seed ${seed})`, () => {
  test.each(['window-intended', 'window-inserted'])(
    'are written once when it is killed at %s, five times',
    async (point) => {
      const random = new Random(seed);
      let url: string | null = null;
      const closing = new AbortController();
      const writing = writeViews(random, () => url, closing.signal);
      for (let hits = 0; hits < 5; hits += 1) {
        const env = { MILLRACE_CRASH_AT: `${point}:${random.between(1, 3)}` };
        const process = new MillraceProcess({ pipeline, data, env });
        url = await process.ready();
        expect((await process.exited).signal).toBe('SIGKILL');
        expect(process.errors).toContain(`crash point ${point} reached`);
        url = null;
      }
      closing.abort();
      await writing;

      const process = new MillraceProcess({ pipeline, data });
      const last = await process.url();
      await allOut(last);
      const recomputed = await recomputedFrom(last);
      expect(recomputed.length).toBeGreaterThan(10);
      expect(await resultsOf(last)).toEqual(recomputed);
      expect((await process.stop()).code).toBe(0);
    },
  );
});

/** In the order in which a replay from the log passes them. */
const replayPoints = [
  'window-replay-created',
  'replay-inserted',
  'window-replay-inserted',
  'window-replay-shown',
  'window-replay-switched',
] as const;

describe(`a window that is replayed (seed ${seed})`, () => {
  test('has each result once when it is killed at each point, while events flow', async () => {
    const random = new Random(seed);
    let url: string | null = null;
    const closing = new AbortController();
    const writing = writeViews(random, () => url, closing.signal);
    const first = new MillraceProcess({ pipeline, data });
    url = await first.url();
    const before = url;
    await expect.poll(async () => (await resultsOf(before)).length).toBeGreaterThan(8);
    url = null;
    expect((await first.stop()).code).toBe(0);
    for (const point of replayPoints) {
      const env = { MILLRACE_CRASH_AT: `${point}:1` };
      const process = new MillraceProcess({ pipeline, data, env });
      url = await process.ready();
      // Refused where the one before is still under way: then that one gets there.
      const begin = `${url}/v1/replays/by_second?from=log`;
      const answer = url && (await fetch(begin, { method: 'PUT' }).catch(() => null));
      if (answer) expect([200, 409], await answer.text()).toContain(answer.status);
      expect((await process.exited).signal).toBe('SIGKILL');
      expect(process.errors).toContain(`crash point ${point} reached`);
      url = null;
    }
    const last = new MillraceProcess({ pipeline, data });
    const now = await last.url();
    url = now;
    const replay = (...args: readonly string[]) =>
      runCommand(['replay', ...args, '--pipeline', pipeline, '--data', data]);
    expect((await replay('watch')).output).toMatch(
      /by_second v\d is what readers see \(replayed from the log\)/,
    );
    closing.abort();
    await writing;
    await allOut(now);
    const recomputed = await recomputedFrom(now);
    expect(recomputed.length).toBeGreaterThan(10);
    expect(await resultsOf(now)).toEqual(recomputed);
    expect((await replay('back', 'by_second')).output).toContain(
      'by_second v1 is what readers see',
    );
    expect(await resultsOf(now)).toEqual(recomputed);
    await replay('drop', 'by_second');
    await expect
      .poll(async () => (await replay('list')).output)
      .toBe('by_second v1 is what readers see\n');
    expect((await last.stop()).code).toBe(0);
  });
});

describe('the stream of a window', () => {
  test('gives each result as it comes out, and goes on where it was left', async () => {
    const process = new MillraceProcess({ pipeline, data });
    const url = await process.url();
    const address = `${url}/v1/windows/by_second/stream`;
    const first = await EventStream.open(address);
    await send(url, view('a', '1.50'), view('b', '2.00', Date.now() - 60_000));
    const event = await first.next();
    expect(JSON.parse(event.data)).toMatchObject({ user_id: 'a', views: '1', amount: '1.50' });
    first.close();

    const before = (await resultsOf(url)).length;
    await send(url, ...['c', 'd', 'e'].map((user) => view(user, '3.00')));
    await allOut(url);
    const rest = (await resultsOf(url)).slice(before).map(({ user_id }) => user_id);
    const again = await EventStream.open(address, event.id);
    const seen = [await again.next(), await again.next(), await again.next()];
    expect(seen.map(({ data }) => JSON.parse(data).user_id)).toEqual(rest);
    // From the middle of results that end together, too.
    const middle = await EventStream.open(address, seen[0]?.id);
    expect(await middle.next()).toEqual(seen[1]);
    middle.close();

    // A stream that is open does not keep the process up.
    expect((await process.stop()).code).toBe(0);
    await expect(again.next()).rejects.toThrow('the stream ended');
  });

  test('says what is wrong with what was asked', async () => {
    const env = { MILLRACE_READ_KEYS: 'r1' };
    const process = new MillraceProcess({ pipeline, data, env });
    const url = await process.url();
    const ask = async (name: string, headers: Record<string, string>) => {
      const response = await fetch(`${url}/v1/windows/${name}/stream`, { headers });
      const { error }: { error: { code: string } } = JSON.parse(await response.text());
      return [response.status, error.code];
    };
    const authorization = 'Bearer r1';
    expect(await ask('by_second', {})).toEqual([401, 'unauthorized']);
    expect(await ask('by_minute', { authorization })).toEqual([404, 'not_found']);
    expect(await ask('by_second', { authorization, 'last-event-id': 'x' })).toEqual([
      400,
      'invalid_body',
    ]);
    await process.stop();
  });
});

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Ledger } from './support/ledger.ts';
import { MillraceProcess, settled } from './support/millrace-process.ts';
import { memoryBytes } from './support/process-numbers.ts';
import { PushTally, push } from './support/pusher.ts';
import { Random, testSeed } from './support/random.ts';

const pipeline = fileURLToPath(new URL('./support/ledger.config.ts', import.meta.url));
const seed = testSeed();
/** `npm run test:long` asks for more. */
const seconds = Number(process.env.MILLRACE_TEST_OVERLOAD_SECONDS ?? 8);

/** A body may take 30 s to come, then it is held for 10 s at most; the rest is for the log to write it. */
const answeredWithinMs = 60_000;
/** Less than a slow question may take, and more than a machine stands still. */
const heldUpMsMax = 20_000;
/** What the settings give the store and the ids; the rest is for bodies, parsing and the log (`docs/guide.md`). */
const settingsMb = 1_024 + 256;
const memoryMbMax = settingsMb + 1_024;

let data: string;
let millrace: MillraceProcess;
let url: string;
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'millrace-overload-'));
  const args = ['--store-memory-mb', '1024', '--dedup-memory-mb', '256'];
  millrace = new MillraceProcess({ pipeline, data, args });
  url = await millrace.url();
});
afterEach(async () => {
  await millrace.stop();
  rmSync(data, { recursive: true, force: true });
});

const event = (id: string) => ({
  event_id: id,
  type: 'view',
  properties: { product_id: 'p', price: '1.00' },
});

/** Sends one event as a sender with manners does. */
async function sendPolitely(id: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/v1/events`, {
      method: 'POST',
      body: JSON.stringify(event(id)),
    });
    const text = await answer.text();
    if (answer.ok) return;
    expect([429, 503], text).toContain(answer.status);
    await sleep(1_000 * Number(answer.headers.get('retry-after')));
  }
}

async function expectNormal(): Promise<void> {
  expect(millrace.running).toBe(true);
  const { problem, lag_ms } = await settled(url);
  expect({ problem, lag_ms }).toEqual({ problem: null, lag_ms: 0 });
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ready' });
  expect(millrace.errors).toBe('');
}

describe(`too much at once (seed ${seed})`, () => {
  test(
    'of events is told so in time, and what was acknowledged is exact',
    async () => {
      const ledger = new Ledger();
      const tally = new PushTally();
      const random = new Random(seed);
      const over = new AbortController();
      let memoryMb = 0;
      const watching = (async () => {
        while (!over.signal.aborted) {
          memoryMb = Math.max(memoryMb, memoryBytes(millrace.pid) / 1024 ** 2);
          await sleep(100);
        }
      })();
      // More than the requests that may be under way, of every size there can be.
      const sizes = [
        ...Array.from({ length: 200 }, () => 1),
        ...Array.from({ length: 3_000 }, () => random.between(50, 500)),
        ...Array.from({ length: 6 }, () => 10_000),
      ];
      const pushing = sizes.map((eventsPerRequest, at) =>
        push({ url, ledger, tally, random, name: `s${at}`, eventsPerRequest }, over.signal),
      );
      const pushed = Promise.all([...pushing, watching]);
      // Whoever fails is told of below, not as something that nobody waits for.
      pushed.catch(() => over.abort());
      const until = performance.now() + seconds * 1_000;
      // Senders that get little of the machine never offer as much; what they do is enough of a test.
      const latest = until + seconds * 4_000;
      const isOver = () => performance.now() > latest || tally.offered >= 5 * tally.accepted;
      // Whoever watches over it gets an answer meanwhile.
      while (!over.signal.aborted && (performance.now() < until || !isOver())) {
        expect((await fetch(`${url}/healthz`)).status).toBe(200);
        await sleep(200);
      }
      over.abort();
      await pushed;
      await expectNormal();
      await ledger.balance(url);
      await sendPolitely('afterwards');

      const { offered, accepted, statuses, retryAfters, unanswered, slowestMs } = tally;
      console.info(
        `${offered} events offered, ${accepted} accepted; answers ${JSON.stringify([...statuses])}, and ${unanswered} not answered; the slowest took ${Math.round(slowestMs)} ms; memory ${Math.round(memoryMb)} MB at most`,
      );
      expect(accepted).toBeGreaterThan(0);
      expect(retryAfters.length).toBeGreaterThan(0);
      // Only of those whose body took too long to come: far fewer than are told so.
      expect(unanswered).toBeLessThan(retryAfters.length);
      for (const each of retryAfters) expect([each, each >= 1 && each <= 30]).toEqual([each, true]);
      expect(slowestMs).toBeLessThan(answeredWithinMs);
      expect(memoryMb).toBeLessThan(memoryMbMax);
    },
    // What it took must be stored and looked through afterwards, which takes its own time.
    seconds * 10_000 + 600_000,
  );

  test('of slow questions holds up no events', async () => {
    const slow = 'SELECT sum(cityHash64(number)) FROM numbers(1000000000000)';
    const over = new AbortController();
    // As many as run at once, and more.
    const asking = Array.from({ length: 6 }, () =>
      fetch(`${url}/sql`, { method: 'POST', body: slow, signal: over.signal }),
    );
    const asked = Promise.allSettled(asking);
    let slowestMs = 0;
    const until = performance.now() + 3_000;
    for (let n = 0; performance.now() < until; n += 1) {
      const sent = performance.now();
      await sendPolitely(`slow-${n}`);
      slowestMs = Math.max(slowestMs, performance.now() - sent);
    }
    over.abort();
    // None of them was answered meanwhile.
    for (const { status } of await asked) expect(status).toBe('rejected');
    expect(slowestMs).toBeLessThan(heldUpMsMax);
    await expectNormal();
  });

  test('of readers who take nothing holds up nobody, and does not keep the process', async () => {
    const { port } = new URL(url);
    const question = '/sql?query=SELECT+number+FROM+numbers(3000000)';
    // More than run at once, and than there are threads. The kernel takes a part of their 23 MB each.
    const readers = Array.from({ length: 28 }, () => {
      const reader = connect(Number(port), '127.0.0.1').on('error', () => {});
      reader.write(`GET ${question} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      return reader;
    });
    await Promise.all(readers.map((reader) => once(reader, 'readable')));
    let slowestMs = 0;
    const until = performance.now() + 3_000;
    for (let n = 0; performance.now() < until; n += 1) {
      const sent = performance.now();
      await sendPolitely(`paused-${n}`);
      const answer = await fetch(`${url}/sql?query=SELECT+sum(number)+FROM+numbers(1000000)`);
      expect(await answer.text()).toBe('499999500000\n');
      slowestMs = Math.max(slowestMs, performance.now() - sent);
    }
    expect(slowestMs).toBeLessThan(heldUpMsMax);
    await expectNormal();
    // All of it is there for who goes on at last.
    let bytes = 0;
    readers[0]?.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
    });
    readers[0]?.resume();
    await expect.poll(() => bytes).toBeGreaterThan(22_888_890);
    const asked = performance.now();
    millrace.kill('SIGTERM');
    expect(await millrace.exited).toEqual({ code: 0, signal: null });
    // What is under way has ten seconds.
    expect(performance.now() - asked).toBeLessThan(40_000);
    for (const reader of readers) reader.destroy();
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inDeadStore } from './support/dead-store.ts';
import { Ledger } from './support/ledger.ts';
import { MillraceProcess, rows, settled, verified } from './support/millrace-process.ts';
import { Random, testSeed } from './support/random.ts';

const pipeline = fileURLToPath(new URL('./support/ledger.config.ts', import.meta.url));
const seed = testSeed();
const writers = 4;
/** `npm run test:long` asks for more. */
const killsMin = Number(process.env.MILLRACE_TEST_KILLS ?? 50);

describe(`what was acknowledged is stored once, whenever the process dies (seed ${seed})`, () => {
  let data: string;
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'millrace-ledger-'));
  });
  afterEach(() => rmSync(data, { recursive: true, force: true }));

  /** Runs writers while `lives` starts and loses processes; then balances the ledger. */
  async function underFire(
    env: { readonly [name: string]: string },
    lives: (
      start: (more?: { readonly [name: string]: string }) => MillraceProcess,
      ledger: Ledger,
    ) => Promise<void>,
  ): Promise<Ledger> {
    const ledger = new Ledger();
    const closing = new AbortController();
    let current: { process: MillraceProcess; url: string | null } | null = null;
    const start = (more = {}) => {
      const process = new MillraceProcess({ pipeline, data, env: { ...env, ...more } });
      const life: { process: MillraceProcess; url: string | null } = { process, url: null };
      current = life;
      void process.ready().then((url) => {
        life.url = url;
      });
      return process;
    };
    const where = () => (current?.process.running ? current.url : null);
    const writing = Array.from({ length: writers }, (_, n) =>
      ledger.write(`w${n}`, seed + n, where, closing.signal),
    );
    await lives(start, ledger);
    const last = start();
    const url = await last.url();
    closing.abort();
    await Promise.all(writing);
    const { stored } = await settled(url);
    await ledger.balance(url);
    // Millrace comes to the same end by itself.
    const report = await verified(url);
    expect(report).toMatchObject({ equal: true, log: { to: stored }, being_filled: [] });
    expect(report.rollups.every(({ rows }) => rows > 0)).toBe(true);
    expect((await last.stop()).code).toBe(0);
    return ledger;
  }

  test(
    `killed ${killsMin} times at random`,
    async () => {
      const random = new Random(seed);
      let kills = 0;
      const ledger = await underFire({}, async (start, { acknowledged }) => {
        while (kills < killsMin || acknowledged.size <= 5_000) {
          const process = start();
          // Sometimes while it still recovers from the last time.
          if (random.chance(0.85)) await process.ready();
          await sleep(random.between(0, 700));
          process.kill('SIGKILL');
          expect((await process.exited).signal).toBe('SIGKILL');
          kills += 1;
        }
      });
      expect(ledger.unanswered).toBeGreaterThan(0);
    },
    240_000 + killsMin * 10_000,
  );

  test.each(['log-appended', 'load-intended', 'load-inserting', 'load-inserted'])(
    'killed at %s, five times',
    async (point) => {
      const random = new Random(seed);
      await underFire({}, async (start) => {
        for (let hits = 0; hits < 5; hits += 1) {
          const process = start({ MILLRACE_CRASH_AT: `${point}:${random.between(1, 4)}` });
          expect((await process.exited).signal).toBe('SIGKILL');
          expect(process.errors).toContain(`crash point ${point} reached`);
        }
      });
    },
    300_000,
  );

  test('killed in the middle of the retention of the log, three times', async () => {
    const env = { MILLRACE_LOG_RETENTION_HOURS: '0', MILLRACE_LOG_SEGMENT_MB: '1' };
    await underFire(env, async (start) => {
      for (let hits = 0; hits < 3; hits += 1) {
        const process = start({ MILLRACE_CRASH_AT: 'log-trimming' });
        expect((await process.exited).signal).toBe('SIGKILL');
        expect(process.errors).toContain('crash point log-trimming reached');
      }
    });
  });

  test('killed between the table and its rollups, three times', async () => {
    const random = new Random(seed);
    const first = new MillraceProcess({ pipeline, data });
    await first.url();
    await first.stop();
    // A view that takes its time stands between the table and the rollups, so
    // that a moment that is too short to hit otherwise lasts a third of a second.
    inDeadStore(
      data,
      'CREATE TABLE millrace.a_slow (n UInt64) ENGINE = Null',
      `CREATE MATERIALIZED VIEW millrace.a_slow_fill TO millrace.a_slow AS
       SELECT max(sleep(0.3)) AS n FROM millrace.events`,
    );
    let hits = 0;
    await underFire({}, async (start) => {
      for (let tries = 0; hits < 3; tries += 1) {
        expect(tries, `${hits} kills fell between the table and the rollups`).toBeLessThan(60);
        // Later each time: nobody knows how long a busy machine takes.
        const delayMs = random.between(50, 500 + 100 * tries);
        const process = start({
          MILLRACE_CRASH_AT: `load-inserting:${random.between(1, 3)}:${delayMs}`,
        });
        expect((await process.exited).signal).toBe('SIGKILL');
        // Before anything repairs it: the store as the crash left it.
        const [events, counted] = inDeadStore(
          data,
          'SELECT (SELECT count() FROM millrace.events), (SELECT sum(events) FROM millrace.by_minute)',
        ).split('\t');
        if (events !== counted) hits += 1;
      }
    });
  });
});

test('the ledger itself notices a lost, a doubled and a changed event', async () => {
  const data = mkdtempSync(join(tmpdir(), 'millrace-ledger-'));
  const process = new MillraceProcess({ pipeline, data });
  try {
    const url = await process.url();
    const ledger = new Ledger();
    const closing = new AbortController();
    const writing = ledger.write('w', seed, () => url, closing.signal);
    while (ledger.acknowledged.size < 50) await sleep(10);
    closing.abort();
    await writing;
    await settled(url);
    await ledger.balance(url);

    const [one] = [...ledger.sent.values()];
    if (!one) throw new Error('nothing was sent');
    ledger.acknowledged.add('never-sent');
    await expect(ledger.balance(url)).rejects.toThrow();
    ledger.acknowledged.delete('never-sent');

    ledger.sent.delete(one.event_id);
    await expect(ledger.balance(url)).rejects.toThrow();
    ledger.sent.set(one.event_id, {
      ...one,
      properties: { ...one.properties, price: '123456.78' },
    });
    await expect(ledger.balance(url)).rejects.toThrow();
    expect(await rows(url, 'SELECT count() AS n FROM events')).toEqual([
      { n: String(ledger.sent.size) },
    ]);
  } finally {
    await process.stop();
    rmSync(data, { recursive: true, force: true });
  }
});

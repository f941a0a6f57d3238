import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { memoryCache } from '../adapters/cache/memory-cache.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { everyKind } from '../compile/clickhouse/every-kind.suite.ts';
import { questionSelect } from '../compile/clickhouse/question.ts';
import { bucketsSelect } from '../compile/clickhouse/questions/asked-range.ts';
import { openTestStore, type TestStore } from '../compile/clickhouse/test-store.suite.ts';
import { createLimiter } from '../limiter.ts';
import { planOf } from '../plan/plan-of.ts';
import { createAnswering } from '../query/answer-question.ts';
import { closingSignal } from './closing-signal.ts';
import { answerError } from './error-answer.ts';
import { createKeys } from './keys.ts';
import { queryRoutes } from './query-routes.ts';
import { type Listening, listen } from './server.ts';

const database = 'asked';
const plan = planOf(everyKind);
const waitingMax = 2;
/** The limit by which a question is known that goes on until its reader leaves. */
const endless = 10_000;

let store: TestStore;
let server: Listening;
/** Questions that have come to the line, those that have got through it, and those that have not. */
let come = 0;
let begun = 0;
let unserved = 0;
beforeAll(async () => {
  store = await openTestStore();
  await store.make(plan, database);
  server = await listen({ host: '127.0.0.1', port: 0 }, async (app) => {
    app.setErrorHandler(answerError);
    const limited = createLimiter({ atOnceMax: 1, waitingMax, closing: closingSignal(app) });
    await app.register(queryRoutes, {
      answer: await createAnswering({
        plan,
        rollups: () => [],
        store: store.store,
        clock: systemClock,
        asOfMs: () => null,
        versionOf: () => 'nothing new',
        cache: memoryCache({ clock: systemClock, unitsMax: 1_000_000 }),
        line: (work, signal) => {
          come += 1;
          return limited(() => {
            begun += 1;
            return work();
          }, signal).catch((error) => {
            unserved += 1;
            throw error;
          });
        },
        statements: {
          answer: (question, serving) =>
            question.rowsMax === endless
              ? 'SELECT sum(cityHash64(number)) FROM numbers(1000000000000)'
              : questionSelect(question, serving, { database }),
          buckets: bucketsSelect,
        },
        settings: {},
        rowsReadMax: Number.MAX_SAFE_INTEGER,
      }),
      readerOf: createKeys({ write: [], read: [] }).readerOf,
    });
  });
});
afterAll(async () => {
  await server.close();
  await store.close();
});

const question = (limit: number): string =>
  JSON.stringify({ from: 'ping', measures: { events: { kind: 'count' } }, limit });

async function ask(limit: number, signal?: AbortSignal) {
  const body = question(limit);
  const url = `${server.url}/v1/query`;
  const response = await fetch(url, { method: 'POST', body, ...(signal ? { signal } : {}) });
  const retryAfter = response.headers.get('retry-after');
  return { status: response.status, retryAfter, answer: await response.json() };
}

/** Resolves once all of them are in the line. */
async function inLine<Answer>(...asking: (() => Promise<Answer>)[]): Promise<Promise<Answer>[]> {
  const before = come;
  const asked = asking.map((one) => one());
  await expect.poll(() => come).toBe(before + asked.length);
  return asked;
}

/** Has the only place until it is left. */
async function takePlace(): Promise<() => Promise<void>> {
  const before = begun;
  const leaving = new AbortController();
  const gone = expect(ask(endless, leaving.signal)).rejects.toThrow();
  await expect.poll(() => begun).toBe(before + 1);
  return () => {
    leaving.abort();
    return gone;
  };
}

test('questions wait in a line, which kept answers pass, and beyond which one comes again', async () => {
  const logged = vi.spyOn(process.stderr, 'write');
  expect(await ask(1)).toMatchObject({ status: 200, answer: { cached: false } });
  const leave = await takePlace();
  const leaving = new AbortController();
  const [gone] = await inLine(() => expect(ask(2, leaving.signal)).rejects.toThrow());
  const [first] = await inLine(() => ask(3));
  expect(await ask(4)).toMatchObject({
    ...{ status: 503, retryAfter: '1' },
    answer: { error: { code: 'overloaded', message: expect.stringContaining('2 wait') } },
  });
  expect(await ask(1)).toMatchObject({ status: 200, answer: { cached: true } });

  const before = { begun, unserved };
  leaving.abort();
  await gone;
  await expect.poll(() => unserved).toBe(before.unserved + 1);
  const [last] = await inLine(() => ask(5));
  // Waits with the one that asked the same.
  const same = ask(3);
  await leave();
  expect(await first).toMatchObject({ status: 200, answer: { cached: false } });
  expect(await same).toMatchObject({ status: 200, answer: { cached: true } });
  expect(await last).toMatchObject({ status: 200, answer: { cached: false } });
  expect(begun).toBe(before.begun + 2);
  // Readers that leave are nothing to tell an operator.
  expect(logged).not.toHaveBeenCalled();
});

test('the end waits for nobody in the line', async () => {
  const leave = await takePlace();
  const waiting = await inLine(
    () => ask(11),
    () => ask(12),
  );
  const closed = server.close();
  for (const answer of await Promise.all(waiting)) {
    expect(answer).toMatchObject({
      ...{ status: 503, retryAfter: '5', answer: { error: { code: 'shutting_down' } } },
    });
  }
  await leave();
  await closed;
});

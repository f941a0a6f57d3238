import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { definePipeline, event, oneOf, type Pipeline, string } from '../index.ts';
import { type Embedded, openEmbedded } from '../runtime/embedded.ts';
import { cloudEventsBatch } from './cloudevents.ts';
import type { IncomingBatch } from './incoming.ts';
import { type LetterPlace, letterPlace } from './letter-place.ts';
import { nativeBatch } from './native.ts';
import { type JsonItems, readJson } from './read-json.ts';
import { createRetryLetters, type RetryReceipt } from './retry-letters.ts';
import { segmentBatch } from './segment.ts';
import { createStoredLetters, type LetterFilter, type LetterSummary } from './stored-letters.ts';

const pipeline = (...drinks: readonly [string, ...string[]]): Pipeline =>
  definePipeline({
    name: 'cafe',
    events: { order: event({ drink: oneOf(...drinks) }), note: event({ text: string() }) },
    dedup: { window: '1h' },
  });
const before = pipeline('tea');
const mended = pipeline('tea', 'mocha');

let folder: string;
let embedded: Embedded;
let nowMs: number;
let problems: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-letters-'));
  problems = [];
  // Not long ago, or the store would let the letters go.
  nowMs = Date.now() - 200 * 3_600_000;
  embedded = await open(before);
});
afterEach(async () => {
  await embedded.close();
  rmSync(folder, { recursive: true, force: true });
  expect(problems).toEqual([]);
});

const open = (definition: Pipeline): Promise<Embedded> =>
  openEmbedded({
    pipeline: definition,
    folder,
    dedupMemoryBytesMax: 16 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: null,
    logSegmentBytes: 1024 * 1024,
    clock: { now: () => nowMs },
    onProblem: (what, error) => problems.push(`${what}: ${String(error)}`),
  });

async function reopen(definition: Pipeline): Promise<void> {
  await embedded.close();
  embedded = await open(definition);
}

async function settle(): Promise<void> {
  await embedded.eventLoader.settled(embedded.events.end);
  await embedded.deadLetterLoader.settled(embedded.deadLetters.end);
}

async function send(body: unknown, read: (items: JsonItems) => IncomingBatch = nativeBatch) {
  const { collector } = embedded;
  const items = readJson(Buffer.from(JSON.stringify(body)), false, collector.limits);
  const receipt = await collector.collect(read(items));
  await settle();
  return receipt;
}

const letters = () => createStoredLetters(embedded.store);

/** All slices of a retry together. */
async function retry(filter: LetterFilter = {}): Promise<Omit<RetryReceipt, 'last'>> {
  const { collector, admission, clock } = embedded;
  const options = { letters: letters(), collector, admission, clock, lettersMax: 2 };
  const next = createRetryLetters(options);
  let total: Omit<RetryReceipt, 'last'> = { accepted: 0, duplicates: 0, rejected: [] };
  for (let after: string | null = null; ; ) {
    const { accepted, duplicates, rejected, last }: RetryReceipt = await next(
      filter,
      after === null ? null : letterPlace(after),
    );
    total = {
      accepted: total.accepted + accepted,
      duplicates: total.duplicates + duplicates,
      rejected: [...total.rejected, ...rejected],
    };
    if (last === null) break;
    after = last;
  }
  await settle();
  return total;
}

const stored = async (columns = 'event_id') =>
  Buffer.from(
    (
      await embedded.store.read(`SELECT ${columns} FROM events ORDER BY event_id`, {
        format: 'TSV',
      })
    ).bytes,
  )
    .toString()
    .trim()
    .split('\n')
    .filter(Boolean);

const mocha = (event_id?: string) => ({
  ...(event_id === undefined ? {} : { event_id }),
  type: 'order',
  properties: { drink: 'mocha' },
});

describe('a retry', () => {
  test('stores what the mended pipeline takes, once, however often it is done', async () => {
    await send([mocha('a'), mocha(), mocha('b'), { type: 'nothing' }, mocha('c')]);
    expect(await retry()).toMatchObject({ accepted: 0, rejected: { length: 5 } });
    expect(await letters().counts({})).toEqual([
      { code: 'not_in_enum', letters: 4, retried: 0 },
      { code: 'unknown_event_type', letters: 1, retried: 0 },
    ]);

    await reopen(mended);
    expect(await retry()).toEqual({
      accepted: 4,
      duplicates: 0,
      rejected: [
        { id: '0/3', code: 'unknown_event_type', message: 'The pipeline has no event "nothing".' },
      ],
    });
    expect(await stored()).toEqual(['a', 'b', 'c', 'dead_letters/0/1']);
    expect(embedded.deadLetters.end).toBe(5);

    await reopen(mended);
    expect(await retry()).toMatchObject({ accepted: 0, rejected: { length: 1 } });
    expect(await stored()).toHaveLength(4);
    expect(await letters().counts({})).toEqual([
      { code: 'not_in_enum', letters: 4, retried: 4 },
      { code: 'unknown_event_type', letters: 1, retried: 0 },
    ]);
    expect(await letters().find('0/1')).toMatchObject({
      retried_at: new Date(nowMs).toISOString(),
      event_id: null,
    });
  });

  test('adds nothing when the note of it is lost, also beyond the dedup window', async () => {
    await send([mocha('a'), mocha()]);
    await reopen(mended);
    for (const hours of [0, 0, 100]) {
      nowMs += hours * 3_600_000;
      expect(await retry()).toMatchObject({
        accepted: 2,
        duplicates: hours === 0 ? expect.any(Number) : 2,
      });
      await embedded.store.define('TRUNCATE TABLE dead_letters__retried');
    }
    expect(await stored()).toEqual(['a', 'dead_letters/0/1']);
  });

  test('passes over an event that its sender has sent again since, however long ago', async () => {
    await send([mocha('a')]);
    await reopen(mended);
    await send([mocha('a')]);
    nowMs += 100 * 3_600_000;
    expect(await retry()).toEqual({ accepted: 1, duplicates: 1, rejected: [] });
    expect(await stored()).toEqual(['a']);
  });

  test('keeps the time of arrival, and calls late what is', async () => {
    const arrivedAt = nowMs;
    await send([mocha('a'), { ...mocha('b'), timestamp: nowMs - 60_000, sent_at: nowMs - 10_000 }]);
    nowMs += 3_600_000;
    await reopen(mended);
    await retry();
    const ms = (column: string) => `toUnixTimestamp64Milli(${column})`;
    expect(
      await stored(
        `event_id, ${ms('timestamp')}, ${ms('received_at')}, ${ms('appended_at')}, late`,
      ),
    ).toEqual([
      `a\t${arrivedAt}\t${arrivedAt}\t${nowMs}\ttrue`,
      `b\t${arrivedAt - 50_000}\t${arrivedAt}\t${nowMs}\ttrue`,
    ]);
  });

  test('reads each letter by the protocol it came by', async () => {
    await send(
      {
        batch: [{ type: 'track', event: 'order', messageId: 's', properties: { drink: 'mocha' } }],
      },
      (items) => segmentBatch(items, null),
    );
    await send({ event: 'order', messageId: 't', properties: { drink: 'mocha' } }, (items) =>
      segmentBatch(items, 'track'),
    );
    await send(
      { specversion: '1.0', id: '1', source: 'till', type: 'order', data: { drink: 'mocha' } },
      cloudEventsBatch,
    );
    // Were it read as a body, these would be two events.
    await send([[mocha('x'), mocha('y')]]);
    await send([mocha('row')], (items) => ({ ...nativeBatch(items), protocol: 'import' }));
    await reopen(mended);
    const { accepted, rejected } = await retry();
    expect(accepted).toBe(3);
    expect(rejected.map(({ id, code }) => `${id} ${code}`)).toEqual([
      '0/3 not_an_object',
      '0/4 row_of_import',
    ]);
    expect(await stored()).toEqual(['s', 't', 'till 1']);
  });

  test('tries those that match alone', async () => {
    await send([mocha('a'), { event_id: 'n', type: 'note', properties: {} }]);
    nowMs += 1_000;
    await send([mocha('b'), mocha('c')]);
    await reopen(mended);
    expect(await retry({ code: 'missing_property' })).toMatchObject({ rejected: [{ id: '0/1' }] });
    expect(await retry({ type: 'note' })).toMatchObject({ rejected: [{ id: '0/1' }] });
    expect(await retry({ id: '0/3' })).toMatchObject({ accepted: 1 });
    expect(await retry({ since: nowMs })).toMatchObject({ accepted: 1 });
    expect(await stored()).toEqual(['b', 'c']);
    expect(await letters().newest({ type: 'order' }, 2)).toMatchObject([
      { id: '0/3', event_id: 'c', retried_at: expect.any(String) },
      { id: '0/2', event_id: 'b', retried_at: expect.any(String) },
    ]);
  });
});

test('letters are read page by page, the newest first', async () => {
  // Several of one moment, so that only their places tell them apart.
  await send([mocha('a'), mocha('b'), { event_id: 'n', type: 'note', properties: {} }]);
  nowMs += 1_000;
  await send([mocha('c'), mocha('d')]);
  const pages = async (filter: LetterFilter, limit: number): Promise<readonly string[]> => {
    const ids: string[] = [];
    for (let last: LetterPlace | null = null; ; ) {
      const page: readonly LetterSummary[] = await letters().newest(filter, limit, last);
      ids.push(page.map(({ id }) => id).join(' '));
      last = letterPlace(page.at(-1)?.id ?? '');
      if (last === null) return ids;
    }
  };
  expect(await pages({}, 2)).toEqual(['0/4 0/3', '0/2 0/1', '0/0', '']);
  expect(await pages({ type: 'order' }, 2)).toEqual(['0/4 0/3', '0/1 0/0', '']);
  expect(await letters().newest({}, 2, { partition: 0, offset: 9 })).toEqual([]);
});

test('what the store refused can be sent again although the log has had its id', async () => {
  const line = (drink: unknown) =>
    JSON.stringify({
      event_id: 'a',
      type: 'order',
      timestamp: nowMs,
      received_at: nowMs,
      appended_at: nowMs,
      late: false,
      properties: { drink },
    });
  // Nothing the collector writes is refused, so the log is given a line it would not write.
  await embedded.events.append([{ key: 'a', value: line('tea').replace('false', '"no"') }]);
  await settle();
  expect(problems.splice(0).join()).toContain('CANNOT_PARSE_BOOL');
  expect(await letters().find('0/0')).toMatchObject({ code: 'store_refused', event_id: 'a' });
  nowMs += 1_000;
  expect(await retry()).toMatchObject({ accepted: 1, duplicates: 0 });
  expect(await retry()).toMatchObject({ accepted: 0 });
  expect(await stored('event_id, toUnixTimestamp64Milli(received_at)')).toEqual([
    `a\t${nowMs - 1_000}`,
  ]);
});

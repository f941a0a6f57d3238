import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ImportRequest, runImport } from './run-import.ts';
import {
  firstSeen,
  inFolder,
  linesOf,
  mapping,
  now,
  openShop,
  plan,
  type ShopOptions,
  type WrapAppend,
} from './shop-import.suite.ts';
import type { ImportSummary } from './tally.ts';
import type { ImportTarget } from './target.ts';

const header = 'at,type,product,price';

interface Options extends Partial<ImportRequest> {
  readonly text?: string;
  readonly shop?: ShopOptions;
}

/** One run of the command on the shop in `folder`, opened and closed. */
async function run(
  folder: string,
  { text, shop: shopOptions, ...options }: Options,
): Promise<ImportSummary> {
  const path = options.path ?? join(folder, 'sales.csv');
  if (text !== undefined) writeFileSync(path, text);
  const shop = await openShop(folder, shopOptions);
  try {
    return await runImport({
      definition: mapping(),
      mapping: '0123456789abcdef',
      plan,
      folder: join(folder, 'import'),
      seen: firstSeen(),
      again: false,
      signal: new AbortController().signal,
      onProgress: () => {},
      ...options,
      path,
      target: options.target ?? shop.target,
    });
  } finally {
    await shop.close();
  }
}

/** Everything the shop has: canonical events, and what was refused with its row. */
async function contents(folder: string): Promise<{ events: string[]; refused: string[] }> {
  const shop = await openShop(folder);
  try {
    const refused = (await linesOf(shop.deadLetters)).map((line) => {
      const { code, reason, raw_base64, protocol } = JSON.parse(line);
      return `${protocol} ${code} ${reason} ${Buffer.from(raw_base64, 'base64').toString()}`;
    });
    return { events: await linesOf(shop.events), refused };
  } finally {
    await shop.close();
  }
}

describe('runImport', () => {
  it('makes events that arrived when they happened, and dead letters of what does not fit', async () => {
    await inFolder(async (folder) => {
      const summary = await run(folder, {
        text: `${header}\n2011-07-01 12:00,sale,cup,2.50\nsoon,sale,cup,2.50\n2011-07-01 12:05,visit,,\n2011-07-01,sale,cup,2.505\n2011-07-01,sale,cup,\n1,2\n`,
      });
      expect(summary).toMatchObject({
        outcome: 'finished',
        from: 0,
        to: 6,
        added: 2,
        refused: 3,
        leftOut: 1,
        duplicates: 0,
      });
      expect(summary.reasons.map(({ row, code }) => [row, code])).toEqual([
        [2, 'bad_timestamp'],
        [4, 'decimal_too_precise'],
        [6, 'wrong_type'],
      ]);
      const { events, refused } = await contents(folder);
      expect(events.map((line) => JSON.parse(line))).toEqual([
        {
          event_id: expect.stringMatching(/^[0-9a-f]{32}:1$/),
          type: 'sale',
          timestamp: Date.UTC(2011, 6, 1, 11),
          received_at: Date.UTC(2011, 6, 1, 11),
          appended_at: Date.UTC(2011, 6, 1, 11),
          late: false,
          properties: { product: 'cup', price: '2.50' },
        },
        expect.objectContaining({ type: 'visit', late: false }),
      ]);
      expect(refused).toEqual([
        'import bad_timestamp at: "soon" is not a time such as 2010-12-01 08:26:00. {"at":"soon","type":"sale","product":"cup","price":"2.50"}',
        expect.stringMatching(/^import decimal_too_precise .*"2.505"}$/),
        'import wrong_type Line 7 has 2 cells; the first line names 4 columns. {"at":"1","type":"2"}',
      ]);
    });
  });

  it('takes what lies a little ahead, as arrived now, and refuses what lies far ahead', async () => {
    await inFolder(async (folder) => {
      const hourMs = 3_600_000;
      const at = (ms: number): string => `${new Date(ms).toISOString()},visit,,`;
      const text = [header, at(now + hourMs), at(now + 48 * hourMs), at(now - hourMs)].join('\n');
      const { added, reasons } = await run(folder, { text });
      expect([added, reasons.map(({ row, code }) => [row, code])]).toEqual([
        2,
        [[2, 'timestamp_in_future']],
      ]);
      const { events } = await contents(folder);
      expect(events.map((line) => JSON.parse(line).received_at)).toEqual([now, now - hourMs]);
    });
  });

  it('adds nothing the second time, packed or not, by whatever name', async () => {
    await inFolder(async (folder) => {
      const text = `${header}\n2011-07-01,visit,,\n`;
      await run(folder, { text });
      const before = await contents(folder);
      expect(await run(folder, {})).toMatchObject({ outcome: 'known', to: 1, added: 0 });
      const packed = join(folder, 'other-name.gz');
      writeFileSync(packed, gzipSync(text, { level: 9 }));
      expect(await run(folder, { path: packed })).toMatchObject({ outcome: 'known', added: 0 });
      expect(await contents(folder)).toEqual(before);
    });
  });

  it('refuses another mapping of a file it knows, unless it is told to go on', async () => {
    await inFolder(async (folder) => {
      await run(folder, { text: `${header}\n2011-07-01,visit,,\n` });
      const other = { mapping: 'fedcba9876543210' };
      await expect(run(folder, other)).rejects.toMatchObject({ code: 'import_changed' });
      expect(await run(folder, { ...other, again: true })).toMatchObject({
        outcome: 'finished',
        added: 0,
        duplicates: 1,
      });
    });
  });

  it('refuses rows older than what the pipeline keeps before it takes any', async () => {
    await inFolder(async (folder) => {
      const fresh = new Date(now - 86_400_000).toISOString();
      const text = `${header}\n${fresh},visit,,\n2011-07-01,visit,,\n2010-07-01,visit,,\n`;
      const keeping = { ...plan, keepMs: 30 * 86_400_000 };
      await expect(run(folder, { text, plan: keeping })).rejects.toMatchObject({
        code: 'import_too_old',
        message: expect.stringMatching(
          /^2 rows are older than the 30 days.* row 3, is of 2010-06-30T23/,
        ),
      });
      expect(await contents(folder)).toEqual({ events: [], refused: [] });
      expect(await run(folder, { text })).toMatchObject({ added: 3 });
    });
  });

  it('stops after the chunk under way when it is asked to', async () => {
    await inFolder(async (folder) => {
      const stopping = new AbortController();
      const text = `${header}\n${'2011-07-01,visit,,\n'.repeat(10)}`;
      const options = { text, chunkRowsMax: 4, signal: stopping.signal };
      const summary = await run(folder, {
        ...options,
        onProgress: ({ step }) => step === 'importing' && stopping.abort(),
      });
      expect(summary).toMatchObject({ outcome: 'interrupted', from: 0, to: 4, added: 4 });
      expect(await run(folder, {})).toMatchObject({ outcome: 'finished', from: 4, added: 6 });
    });
  });

  it('waits for the store before one insert could touch too many partitions', async () => {
    await inFolder(async (folder) => {
      const text = `${header}\n${Array.from({ length: 40 }, (_, n) => `${1950 + n}-01-01,visit,,\n`).join('')}`;
      const settledAt: number[] = [];
      let rows = 0;
      const target: ImportTarget = {
        imports: async () => [],
        append: async ({ from, to }) => {
          rows = to;
          return { accepted: to - from, duplicates: 0, rejected: [] };
        },
        finish: async () => {},
        settle: async () => {
          settledAt.push(rows);
        },
      };
      const { partitioning } = plan;
      await run(folder, {
        text,
        target,
        chunkRowsMax: 4,
        plan: { keepMs: null, partitioning: { ...partitioning, partsPerInsertMax: 16 } },
      });
      expect(settledAt).toEqual([16, 32]);
    });
  });

  it('gives the same whatever interrupts it, and however often', async () => {
    const row = fc.record({
      year: fc.integer({ min: 1950, max: 1985 }),
      kind: fc.constantFrom('sale', 'visit', 'nonsense', 'broken'),
      product: fc.constantFrom('cup', 'plate'),
    });
    const line = ({ year, kind, product }: { year: number; kind: string; product: string }) =>
      kind === 'broken' ? 'x' : `${year}-03-01 10:00,${kind},${product},1.00`;
    const death = fc.record({ append: fc.nat({ max: 8 }), durable: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        // A few years at first, then so many that the rest is sorted.
        fc.array(row, { minLength: 100, maxLength: 250, size: 'max' }),
        fc.constantFrom('row' as const, 'content' as const),
        fc.array(death, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 3, max: 40 }),
        async (rows, id, deaths, chunkRowsMax) => {
          const text = `${header}\n${rows.map(line).join('\n')}`;
          const options = { definition: mapping(id), chunkRowsMax };
          const whole = await inFolder(async (folder) => {
            await run(folder, { text, ...options });
            return contents(folder);
          });
          const pieces = await inFolder(async (folder) => {
            // Days apart, so that the dedup window helps nobody.
            let at = now;
            for (const death of deaths) {
              await dying(folder, { text, ...options }, death, at);
              at += 4 * 86_400_000;
            }
            await run(folder, { text, ...options, shop: { at } });
            expect(await run(folder, options)).toMatchObject({ outcome: 'known' });
            return contents(folder);
          });
          expect(pieces).toEqual(whole);
        },
      ),
      { numRuns: 15, interruptAfterTimeLimit: 40_000 },
    );
  });
});

interface Death {
  /** How many appends go well. */
  readonly append: number;
  readonly durable: boolean;
}

/**
 * A run that dies at an append to the log of events, after it is durable or
 * before (when the dead letters of the same rows are), if it gets that far.
 */
async function dying(
  folder: string,
  options: Options,
  { append: last, durable }: Death,
  at: number,
) {
  const death = new Error('the process dies');
  let appends = 0;
  const append: WrapAppend = (log) => async (records, mark) => {
    appends += 1;
    if (appends <= last) return log.append(records, mark);
    if (durable) await log.append(records, mark);
    throw death;
  };
  try {
    await run(folder, { ...options, shop: { append, at } });
  } catch (error) {
    if (error !== death) throw error;
  }
}

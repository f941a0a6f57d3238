import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from './clock.ts';
import type { Log, LogRecord } from './log.ts';

/** One log's place: it may be opened again once the log before is closed. */
export interface LogPlace {
  /** What its logs are opened with. It stands still. */
  readonly clock: Clock;
  open(): Promise<Log>;
  remove(): Promise<void>;
}

/** What every log must do, whatever is behind it. `dedups`: whether it drops what it has. */
export function describeLog(
  name: string,
  { dedups, place }: { readonly dedups: boolean; readonly place: () => LogPlace },
): void {
  describe(`${name} as a log`, () => {
    function newPlace(): LogPlace {
      const created = place();
      onTestFinished(() => created.remove());
      return created;
    }
    const newLog = (): Promise<Log> => newPlace().open();

    test('records come back as they were, in order, however they are cut', async () => {
      const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ maxLength: 300 }));
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(value.map(oneLine), { maxLength: 12 }), { maxLength: 12 }),
          fc.integer({ min: 1, max: 20 }),
          fc.integer({ min: 0, max: 900 }),
          fc.boolean(),
          async (batches, rowsMax, bytesMax, reopen) => {
            const its = place();
            try {
              let log = await its.open();
              let key = 0;
              // All at once: they share groups, and stay in order.
              await Promise.all(
                batches.map((values) =>
                  log.append(values.map((each) => ({ key: String(key++), value: each }))),
                ),
              );
              if (reopen) {
                await log.close();
                log = await its.open();
              }
              const expected = batches.flat();
              expect(log.end).toBe(expected.length);
              const slices = await readSlices(log, rowsMax, bytesMax);
              expect(slices.flatMap(({ values }) => values)).toEqual(expected);
              for (const { rows, bytes } of slices) {
                expect(rows).toBeLessThanOrEqual(rowsMax);
                expect(bytes <= bytesMax || rows === 1).toBe(true);
              }
              // Any place can be read, not only the next one.
              for (let from = log.end - 1; from >= 0; from -= 3)
                expect((await readFrom(log, from))[0]).toBe(expected[from]);
              await log.close();
            } finally {
              await its.remove();
            }
          },
        ),
        { numRuns: 40 },
      );
    });

    test('at its end there is nothing to read, and behind it nothing to ask for', async () => {
      const log = await newLog();
      expect(await log.read(0, limits)).toMatchObject({ from: 0, to: 0 });
      await log.append(records('a'));
      expect((await log.read(1, limits)).lines).toHaveLength(0);
      await expect(log.read(2, limits)).rejects.toMatchObject({ code: 'log_corrupt' });
      await log.close();
    });

    test('a slice says when its newest record was appended', async () => {
      const its = newPlace();
      const log = await its.open();
      await log.append(records('a'));
      expect((await log.read(0, limits)).appendedAt).toBe(its.clock.now());
      await log.close();
    });

    test('an empty batch is durable at once', async () => {
      const log = await newLog();
      expect(await log.append([])).toEqual({ appended: 0, duplicates: 0 });
      await log.close();
    });

    test('an empty batch is durable no sooner than what was given before it', async () => {
      const log = await newLog();
      const order: string[] = [];
      await Promise.all([
        log.append(records('a')).then(() => order.push(`record at ${log.end}`)),
        log.append([]).then(() => order.push(`nothing at ${log.end}`)),
      ]);
      expect(order).toEqual(['record at 1', 'nothing at 1']);
      await log.close();
    });

    test('a record of two lines is refused before anything is kept', async () => {
      const log = await newLog();
      const bad = { key: 'b', value: '{"a":\n1}' };
      await expect(log.append([...records('a'), bad])).rejects.toThrow(RangeError);
      expect(await log.append(records('a'))).toEqual({ appended: 1, duplicates: 0 });
      expect(await readFrom(log, 0)).toEqual(['value of a']);
      await log.close();
    });

    test('marks are the newest of each producer, and survive', async () => {
      const its = newPlace();
      let log = await its.open();
      await log.append(records('a'), { mark: { producer: 'import', position: 1 } });
      await log.append(records('b'), { mark: { producer: 'other', position: 7 } });
      await log.append([], { mark: { producer: 'import', position: 2 } });
      const marks = new Map([
        ['import', 2],
        ['other', 7],
      ]);
      expect(log.marks()).toEqual(marks);
      await log.close();
      log = await its.open();
      expect(log.marks()).toEqual(marks);
      expect(log.end).toBe(2);
      await log.close();
    });

    test('who waits for a record is woken when it is durable', async () => {
      const log = await newLog();
      const { signal } = new AbortController();
      const order: string[] = [];
      const waiting = Promise.all([
        log.waitPast(0, signal).then(() => order.push(`past 0 at ${log.end}`)),
        log.waitPast(1, signal).then(() => order.push(`past 1 at ${log.end}`)),
      ]);
      await log.append(records('a'));
      await log.append(records('b'));
      await waiting;
      expect(order).toEqual(['past 0 at 1', 'past 1 at 2']);
      await log.waitPast(1, signal);
      await log.close();
    });

    test('who waits is let go by the signal, and by a closed log', async () => {
      const log = await newLog();
      const controller = new AbortController();
      const aborted = log.waitPast(0, controller.signal);
      const left = log.waitPast(0, new AbortController().signal);
      const refused = expect(left).rejects.toMatchObject({ code: 'shutting_down' });
      controller.abort();
      await aborted;
      await log.waitPast(0, controller.signal);
      await log.close();
      await refused;
    });

    test('closing writes what is waiting, and refuses what comes after', async () => {
      const its = newPlace();
      const log = await its.open();
      const waiting = [log.append(records('a')), log.append(records('b', 'c'))];
      const closing = log.close();
      await expect(log.append(records('d'))).rejects.toMatchObject({ code: 'shutting_down' });
      await closing;
      await Promise.all(waiting);
      await expect(log.read(0, limits)).rejects.toMatchObject({ code: 'shutting_down' });
      const again = await its.open();
      expect(await readFrom(again, 0)).toEqual(['value of a', 'value of b', 'value of c']);
      await again.close();
    });

    test('what is trimmed is below the start', async () => {
      const log = await newLog();
      for (const key of ['a', 'b', 'c']) await log.append(records(key));
      await log.trim(2);
      expect(log.start).toBeLessThanOrEqual(2);
      expect(await readFrom(log, 2)).toEqual(['value of c']);
      if (log.start > 0)
        await expect(log.read(0, limits)).rejects.toMatchObject({ code: 'log_trimmed' });
      expect(log.sizeBytes).toBeGreaterThan(0);
      await log.close();
    });

    if (!dedups) {
      test('every record is new', async () => {
        const log = await newLog();
        expect(await log.append(records('a', 'a'))).toEqual({ appended: 2, duplicates: 0 });
        expect(log.end).toBe(2);
        await log.close();
      });
      return;
    }

    test('a key is kept once: in a batch, among batches under way, after a restart', async () => {
      const its = newPlace();
      let log = await its.open();
      const receipts = await Promise.all([
        log.append(records('a', 'b', 'a')),
        log.append(records('b', 'c')),
        log.append(records('c')),
      ]);
      expect(receipts).toEqual([
        { appended: 2, duplicates: 1 },
        { appended: 1, duplicates: 1 },
        { appended: 0, duplicates: 1 },
      ]);
      await log.close();
      log = await its.open();
      expect(await log.append(records('c', 'd', 'a'))).toEqual({ appended: 1, duplicates: 2 });
      expect(await readFrom(log, 0)).toEqual(['a', 'b', 'c', 'd'].map((key) => `value of ${key}`));
      await log.close();
    });

    test('a duplicate is told no sooner than the record it repeats', async () => {
      const log = await newLog();
      const order: string[] = [];
      await Promise.all([
        log.append(records('a')).then(() => order.push(`first at ${log.end}`)),
        log.append(records('a')).then(() => order.push(`repeat at ${log.end}`)),
      ]);
      expect(order).toEqual(['first at 1', 'repeat at 1']);
      await log.close();
    });

    test('a mark with nothing but duplicates is kept', async () => {
      const its = newPlace();
      let log = await its.open();
      await log.append(records('a'));
      await log.append(records('a'), { mark: { producer: 'import', position: 9 } });
      await log.close();
      log = await its.open();
      expect(log.marks()).toEqual(new Map([['import', 9]]));
      await log.close();
    });
  });
}

const limits = { rowsMax: 1_000_000, bytesMax: 1_000_000_000 };

export const records = (...keys: string[]): LogRecord[] =>
  keys.map((key) => ({ key, value: `value of ${key}` }));

/** The values from an offset to the end. */
export async function readFrom(log: Log, from: number): Promise<string[]> {
  const values: string[] = [];
  for (let at = from; at < log.end; ) {
    const slice = await log.read(at, limits);
    values.push(...linesOf(slice.lines));
    expect(slice.to).toBeGreaterThan(at);
    at = slice.to;
  }
  return values;
}

async function readSlices(log: Log, rowsMax: number, bytesMax: number) {
  const slices: { rows: number; bytes: number; values: string[] }[] = [];
  for (let at = log.start; at < log.end; ) {
    const { from, to, lines } = await log.read(at, { rowsMax, bytesMax });
    expect(from).toBe(at);
    const values = linesOf(lines);
    expect(values).toHaveLength(to - from);
    slices.push({ rows: to - from, bytes: lines.length, values });
    at = to;
  }
  return slices;
}

function linesOf(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString();
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text.split('\n').slice(0, -1);
}

const oneLine = (text: string): string => text.toWellFormed().replaceAll('\n', ' ');

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { FailingDisk } from '../../adapters/segment-log/fixture.suite.ts';
import { openSegmentLog } from '../../adapters/segment-log/segment-log.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { MillraceError } from '../../errors.ts';
import type { AppendReceipt, Log, LogRecord, LogWriter } from '../../ports/log.ts';
import { SpillRoom } from './spill-room.ts';
import { SpillingWriter } from './spilling-writer.ts';

/** `lost`: it takes the records, and nobody hears of it. */
type Mood = 'there' | 'away' | 'lost';

/** A log that can be away. */
class Target implements LogWriter {
  readonly records: LogRecord[] = [];
  mood: Mood = 'there';

  async append(records: readonly LogRecord[]): Promise<AppendReceipt> {
    const { mood } = this;
    await new Promise((resolve) => setImmediate(resolve));
    if (mood !== 'away') this.records.push(...records);
    if (mood !== 'there') throw new MillraceError('log_unavailable', 'It is away.');
    return { appended: records.length, duplicates: 0 };
  }

  marks(): ReadonlyMap<string, number> {
    return new Map();
  }

  get keys(): readonly string[] {
    return this.records.map(({ key }) => key);
  }
}

/** A folder for a spill, which may be opened again after it was closed. */
class Place {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-spill-'));
  readonly target = new Target();
  readonly disk = new FailingDisk();
  readonly problems: unknown[] = [];
  readonly #bytesMax: number;
  #opened: { readonly spill: Log; readonly writer: SpillingWriter } | undefined;

  constructor(bytesMax = 1024 * 1024) {
    this.#bytesMax = bytesMax;
  }

  async open(): Promise<SpillingWriter> {
    const { folder, target, disk } = this;
    const spill = await openSegmentLog({ folder, disk, clock: systemClock, segmentBytes: 1_000 });
    const room = new SpillRoom(this.#bytesMax, [spill]);
    const onProblem = (error: unknown): number => this.problems.push(error);
    const writer = new SpillingWriter({ target, spill, room, clock: systemClock, onProblem });
    this.#opened = { spill, writer };
    return writer;
  }

  get spillBytes(): number {
    return this.#opened?.spill.sizeBytes ?? 0;
  }

  async close(waitMs = 0): Promise<void> {
    await this.#opened?.writer.close(waitMs);
    await this.#opened?.spill.close();
    this.#opened = undefined;
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function newPlace(bytesMax?: number): Place {
  const place = new Place(bytesMax);
  onTestFinished(() => place.remove());
  return place;
}

const record = (key: string): LogRecord => ({
  key,
  value: `{"value of":"${key}"}`,
  headers: { 'header\tof': key },
});
const records = (...keys: string[]): LogRecord[] => keys.map(record);

const patient = { timeout: 60_000 };

describe('a writer that spills', () => {
  test('writes to the target alone while that is there', async () => {
    const place = newPlace();
    const writer = await place.open();
    const empty = place.spillBytes;
    expect(await writer.append(records('a', 'b'))).toEqual({ appended: 2, duplicates: 0 });
    expect(place.target.keys).toEqual(['a', 'b']);
    expect(place.spillBytes).toBe(empty);
    expect(writer).toMatchObject({ sinceMs: null, waiting: 0 });
  });

  test('keeps what comes while it is away, and sends it in order once it is back', async () => {
    const place = newPlace();
    const writer = await place.open();
    await writer.append(records('a'));
    place.target.mood = 'away';
    await writer.append(records('b', 'tab\tand "quote"'));
    await writer.append(records('c'));
    expect(place.target.keys).toEqual(['a']);
    expect(writer.waiting).toBe(3);
    expect(writer.sinceMs).toBeGreaterThan(0);
    expect(place.problems).toHaveLength(1);

    place.target.mood = 'there';
    await vi.waitFor(() => expect(writer.sinceMs).toBeNull(), patient);
    await writer.append(records('d'));
    expect(place.target.records).toEqual(records('a', 'b', 'tab\tand "quote"', 'c', 'd'));
    expect(writer.waiting).toBe(0);
  });

  test('sends what was still being written when all else was out', async () => {
    const place = newPlace();
    const writer = await place.open();
    place.target.mood = 'away';
    await writer.append(records('a'));
    place.target.mood = 'there';
    const last = new Promise<AppendReceipt>((resolve) => {
      place.disk.before = async ({ name }) => {
        // It is being noted that this one is out.
        if (name !== 'sync' || !place.target.keys.includes('a')) return;
        place.disk.before = async () => {};
        resolve(writer.append(records('b')));
      };
    });
    expect(await last).toMatchObject({ appended: 1 });
    await vi.waitFor(() => expect(writer.sinceMs).toBeNull(), patient);
    expect(place.target.keys).toEqual(['a', 'b']);
    expect(writer.waiting).toBe(0);
  });

  test('goes on sending when the disk fails, and refuses what it cannot keep', async () => {
    const place = newPlace();
    const writer = await place.open();
    place.target.mood = 'away';
    await writer.append(records('a', 'b'));
    place.disk.fails = ({ name }) => name === 'write';
    await expect(writer.append(records('c'))).rejects.toMatchObject({ code: 'log_full' });
    place.target.mood = 'there';
    await vi.waitFor(() => expect(place.target.keys).toEqual(['a', 'b']), patient);
    place.disk.fails = () => false;
    await vi.waitFor(() => expect(writer.sinceMs).toBeNull(), patient);
    expect(place.target.keys).toEqual(['a', 'b']);
  });

  test('after a restart sends what waits before anything new', async () => {
    const place = newPlace();
    const writer = await place.open();
    place.target.mood = 'away';
    await writer.append(records('a', 'b'));
    await place.close();
    const again = await place.open();
    expect(again.waiting).toBe(2);
    await again.append(records('c'));
    expect(again.waiting).toBe(3);
    place.target.mood = 'there';
    await vi.waitFor(() => expect(again.sinceMs).toBeNull(), patient);
    expect(place.target.keys).toEqual(['a', 'b', 'c']);

    await place.close();
    const third = await place.open();
    expect(third).toMatchObject({ waiting: 0, sinceMs: null });
  });

  test('refuses what finds no room, takes it again when there is some, and deletes what went', async () => {
    const place = newPlace(20_000);
    const writer = await place.open();
    place.target.mood = 'away';
    let kept = 0;
    const fill = async (): Promise<void> => {
      for (;;) {
        await writer.append(records(`k${kept}`));
        kept += 1;
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: 'log_unavailable', status: 503 });
    expect(place.spillBytes).toBeLessThanOrEqual(20_000);
    expect(kept).toBeGreaterThan(100);
    expect(writer.waiting).toBe(kept);
    await place.close();

    place.target.mood = 'there';
    const again = await place.open();
    await vi.waitFor(() => expect(again.sinceMs).toBeNull(), patient);
    expect(place.target.keys).toEqual(Array.from({ length: kept }, (_, n) => `k${n}`));
    expect(place.spillBytes).toBeLessThan(3_000);
  });

  test('passes on what is no outage', async () => {
    const place = newPlace();
    const writer = await place.open();
    const overloaded = new MillraceError('log_overloaded', 'Too much.');
    place.target.append = () => Promise.reject(overloaded);
    await expect(writer.append(records('a'))).rejects.toBe(overloaded);
    expect(writer.sinceMs).toBeNull();
  });

  test('ends within its time, and sooner when everything is out', async () => {
    const place = newPlace();
    const writer = await place.open();
    place.target.mood = 'away';
    await writer.append(records('a'));
    await writer.close(50);
    expect(writer.waiting).toBe(1);
    await place.close();
    const again = await place.open();
    place.target.mood = 'there';
    await again.close(3_600_000);
    expect(place.target.keys).toEqual(['a']);
  });

  test('loses nothing and keeps the order of each sender, whatever the target does and when', async () => {
    const step = fc.record({
      mood: fc.constantFrom<Mood>('there', 'there', 'away', 'lost'),
      restart: fc.boolean(),
      turns: fc.integer({ min: 0, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const place = new Place();
        try {
          let writer = await place.open();
          let ended = false;
          const sent = new Map<string, number>();
          const send = async (sender: string): Promise<void> => {
            for (let n = 0; !ended; n += 1) {
              await writer.append(records(`${sender}${n}`));
              sent.set(sender, n + 1);
              await new Promise((resolve) => setImmediate(resolve));
            }
          };
          for (const { mood, turns, restart } of steps) {
            ended = false;
            place.target.mood = mood;
            // Senders have names of their own after each restart.
            const senders = [0, 1, 2].map((n) => `${sent.size}.${n}:`);
            const sending = senders.map(send);
            for (let turn = 0; turn < turns; turn += 1) {
              await new Promise((resolve) => setImmediate(resolve));
            }
            ended = true;
            await Promise.all(sending);
            if (!restart) continue;
            await place.close();
            writer = await place.open();
          }
          place.target.mood = 'there';
          await writer.close(30_000);
          expect(writer.waiting).toBe(0);
          const first = [...new Set(place.target.keys)];
          for (const [sender, count] of sent) {
            expect(first.filter((key) => key.startsWith(sender))).toEqual(
              Array.from({ length: count }, (_, n) => `${sender}${n}`),
            );
          }
        } finally {
          await place.remove();
        }
      }),
      { numRuns: 15 },
    );
  });
});

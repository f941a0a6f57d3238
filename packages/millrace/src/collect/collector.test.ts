import { describe, expect, it } from 'vitest';
import { MillraceError } from '../errors.ts';
import { heartbeatKey } from '../ports/heartbeats.ts';
import type { LogMark } from '../ports/log.ts';
import { collectJson, now } from './collect-json.suite.ts';
import { createCollector } from './collector.ts';
import { MemoryLog } from './memory-log.suite.ts';
import { quoteChecked } from './quote.ts';
import { Refusal } from './refusals.ts';
import { shopPlan } from './shop-plan.suite.ts';

const good = (id: string): object => ({ event_id: id, type: 'page' });
const clock = { now: () => now };

describe('createCollector', () => {
  it('refuses a bad event at every place of a batch, and takes the others', async () => {
    const bad = '{"event_id":"bad","type":"nothing we know","properties":{"a": 1.0}}';
    for (let place = 0; place < 5; place += 1) {
      const events = [0, 1, 2, 3].map((id) => JSON.stringify(good(`${id}`)));
      events.splice(place, 0, bad);
      const { accepted, rejected, log, deadLetters } = await collectJson(`[${events.join(', ')}]`);
      expect(accepted).toBe(4);
      expect(rejected).toEqual([
        {
          index: place,
          event_id: 'bad',
          code: 'unknown_event_type',
          message: 'The pipeline has no event "nothing we know".',
        },
      ]);
      expect(log.values.map(({ event_id }) => event_id)).toEqual(['0', '1', '2', '3']);
      expect(deadLetters.values).toEqual([
        {
          received_at: now,
          code: 'unknown_event_type',
          reason: 'The pipeline has no event "nothing we know".',
          event_id: 'bad',
          type: 'nothing we know',
          protocol: 'native',
          raw_base64: Buffer.from(bad).toString('base64'),
        },
      ]);
    }
  });

  it('makes an id for each event without one, and says which', async () => {
    const { assigned, log } = await collectJson([{ type: 'page' }, good('e'), { type: 'page' }]);
    expect(assigned.map(({ index }) => index)).toEqual([0, 2]);
    const [first, second] = assigned.map(({ event_id }) => event_id);
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(first?.replaceAll('-', '').slice(0, 12) ?? '', 16)).toBe(now);
    expect(first).not.toBe(second);
    expect(log.values.map(({ event_id }) => event_id)).toEqual([first, 'e', second]);
  });

  it('appends a request at once, and nothing where there is nothing', async () => {
    const both = await collectJson([good('a'), 5, good('b'), 6]);
    expect(both.log.calls).toEqual([{ count: 2, options: undefined }]);
    expect(both.deadLetters.calls).toEqual([{ count: 2, options: undefined }]);
    const none = await collectJson([]);
    expect(none).toMatchObject({ accepted: 0, assigned: [], rejected: [] });
    expect([...none.log.calls, ...none.deadLetters.calls]).toEqual([]);
  });

  it('counts what was accepted, known already, late and refused', async () => {
    const log = new MemoryLog();
    const collector = createCollector({ plan: shopPlan, log, deadLetters: log, clock });
    const batch = {
      protocol: 'native',
      plainStrings: true,
      raw: () => Buffer.from('raw'),
    } as const;
    const late = { event_id: 'late', type: 'page', timestamp: now - 60_000 };
    await collector.collect({ ...batch, events: [good('a'), late, new Refusal('invalid_json')] });
    await collector.collect({ ...batch, events: [good('a')] });
    expect(collector.counters).toEqual({ accepted: 3, duplicates: 1, late: 1, refused: 1 });
  });

  it('answers with the failure of a log, and counts nothing', async () => {
    for (const broken of ['log', 'deadLetters'] as const) {
      const full = new MemoryLog();
      full.append = async () => {
        throw new MillraceError('log_full', 'No space is left.');
      };
      const logs = { log: new MemoryLog(), deadLetters: new MemoryLog(), [broken]: full };
      const collector = createCollector({ plan: shopPlan, clock, ...logs });
      const batch = {
        protocol: 'native',
        plainStrings: true,
        events: [good('a'), new Refusal('invalid_json')],
        raw: () => Buffer.from(''),
      } as const;
      await expect(collector.collect(batch)).rejects.toMatchObject({ code: 'log_full' });
      expect(collector.counters).toEqual({ accepted: 0, duplicates: 0, late: 0, refused: 0 });
    }
  });

  it('keeps the mark of an import with its rows, even if all of them are refused', async () => {
    const log = new MemoryLog();
    const deadLetters = new MemoryLog();
    const collector = createCollector({ plan: shopPlan, log, deadLetters, clock });
    const batch = {
      protocol: 'import',
      plainStrings: false,
      arrival: 'timestamp',
      raw: () => Buffer.from('row'),
    } as const;
    const mark = (position: number): LogMark => ({ producer: 'import/1', position });
    const timestamp = now - 60_000;
    const known = { event_id: 'a', type: 'page', timestamp };
    const first = await collector.collectMarked({ ...batch, events: [known] }, mark(1));
    const second = await collector.collectMarked({ ...batch, events: [known] }, mark(2));
    const third = await collector.collectMarked({ ...batch, events: [{ type: 'no' }] }, mark(3));
    expect([first, second, third]).toMatchObject([
      { accepted: 1, duplicates: 0 },
      { accepted: 1, duplicates: 1 },
      { accepted: 0, duplicates: 0 },
    ]);
    expect(log.calls.map(({ options }) => options?.mark)).toEqual([mark(1), mark(2), mark(3)]);
    expect(log.values).toMatchObject([
      { late: false, timestamp, received_at: timestamp, appended_at: timestamp },
    ]);
    expect(deadLetters.calls).toEqual([{ count: 1, options: { mark: mark(3) } }]);
    expect(deadLetters.values).toMatchObject([{ protocol: 'import', received_at: now }]);
    // The same batch again, after a crash between the two logs: its dead letters are there.
    await collector.collectMarked({ ...batch, events: [{ type: 'no' }] }, mark(3));
    expect(deadLetters.records).toHaveLength(1);
  });

  it('keeps no more of a refused event than an event may have', async () => {
    const limits = { eventBytesMax: 1_000 };
    const event = { type: 'page', properties: { text: 'x'.repeat(2_000) } };
    const { rejected, deadLetters } = await collectJson(event, { limits });
    expect(rejected).toMatchObject([{ code: 'event_too_large' }]);
    const [letter] = deadLetters.values;
    expect(Buffer.from(String(letter?.raw_base64), 'base64')).toHaveLength(1_000);
    expect(letter?.reason).toMatch(/Of its \d+ bytes the first 1000 are kept\.$/);
  });

  it('gives reasons without half characters, which the store would not take', async () => {
    const { rejected, deadLetters } = await collectJson('\u{1f600}\n{"type":"\\ud800"}', {
      lines: true,
    });
    expect(rejected).toHaveLength(2);
    for (const { message } of rejected) expect(message.isWellFormed()).toBe(true);
    for (const { reason } of deadLetters.values) expect(String(reason).isWellFormed()).toBe(true);
  });

  it('bounds an event by its canonical bytes, not by what stands around them', async () => {
    const limits = { eventBytesMax: 400 };
    const event = (text: string): object => ({ event_id: 'e', type: 'page', properties: { text } });
    const size = (text: string): number => Buffer.byteLength(text);
    const spaced = `${JSON.stringify(event('x'.repeat(200)))}${' '.repeat(400)}`;
    expect(size(spaced)).toBeGreaterThan(400);
    const { log } = await collectJson(spaced, { limits });
    const room = 400 - size(log.lines[0] ?? '');
    const exact = await collectJson(event('x'.repeat(200 + room)), { limits });
    expect(exact.accepted).toBe(1);
    const wide = await collectJson(event(`${'x'.repeat(200 + room - 1)}ü`), { limits });
    expect(wide.rejected).toMatchObject([{ code: 'event_too_large' }]);
  });

  it('takes no id that could be the key of a heartbeat', async () => {
    const { rejected } = await collectJson({ event_id: heartbeatKey, type: 'page' });
    expect(rejected).toMatchObject([{ code: 'nul_character' }]);
  });
});

describe('quoteChecked', () => {
  it('refuses what no reader could take', () => {
    expect(quoteChecked('a"\\\n😀')).toBe('"a\\"\\\\\\n😀"');
    for (const half of ['\ud800', '\udc00', 'a\ud83d', '\ude00\ud83d']) {
      expect(() => quoteChecked(half)).toThrow(expect.objectContaining({ code: 'lone_surrogate' }));
    }
    expect(() => quoteChecked('\0')).toThrow(expect.objectContaining({ code: 'nul_character' }));
  });
});

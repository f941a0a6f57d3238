import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { topicNames } from '../../packages/millrace/src/compile/kafka/topics.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { makeTopics, startRole } from '../support/cluster.ts';
import type { CommandProcess } from '../support/command-process.ts';
import { readRecordsUntil } from '../support/kafka-records.ts';
import definition from '../support/ledger.config.ts';

const pipeline = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));
const plan = planOf(definition);
const topics = topicNames(plan);
const patient = { timeout: 60_000, interval: 50 };

/** One event after the other's answer, each sent again until it has one. */
class Sender {
  readonly name: string;
  /** Of its events: those up to here have an answer. */
  acknowledged = 0;
  refused = 0;
  longestMs = 0;
  /** Answers that were no success. */
  readonly failures: number[] = [];
  readonly resent = new Set<string>();

  constructor(name: string) {
    this.name = name;
  }

  /** Every fifth is of no use, and becomes a dead letter with this in its raw text. */
  idOf(n: number): string {
    return `${this.name}-${String(n).padStart(6, '0')}`;
  }

  isRefused(n: number): boolean {
    return n % 5 === 4;
  }

  async run(url: () => string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const began = performance.now();
      const status = await this.#post(url());
      if (status === 200) {
        this.longestMs = Math.max(this.longestMs, performance.now() - began);
        this.acknowledged += 1;
        continue;
      }
      this.resent.add(this.idOf(this.acknowledged));
      if (status !== null) this.failures.push(status);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #post(url: string): Promise<number | null> {
    const n = this.acknowledged;
    const event = {
      event_id: this.idOf(n),
      type: 'view',
      timestamp: Date.now(),
      properties: { product_id: this.idOf(n), price: this.isRefused(n) ? 'much' : '1.50' },
    };
    try {
      const response = await fetch(`${url}/v1/events`, {
        method: 'POST',
        body: JSON.stringify([event]),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return null;
    }
  }
}

interface Line {
  readonly event_id: string;
  readonly timestamp: number;
  readonly received_at: number;
  readonly appended_at: number;
  readonly late: boolean;
}

describe('while Kafka is away, a collector', () => {
  let folder: string;
  let kafka: Kafka;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-spill-'));
    kafka = await startKafka({ folder: join(folder, 'kafka') });
    // One partition, so that the topic has an order to look at.
    await makeTopics(kafka.addresses.bootstrap, plan, 1);
  });
  afterAll(async () => {
    await kafka.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (...more: readonly string[]): CommandProcess => {
    const kafkaAt = kafka.addresses.bootstrap;
    const collector = startRole('collector', { pipeline, kafka: kafkaAt, args: more });
    onTestFinished(() => collector.kill('SIGKILL'));
    return collector;
  };

  test('goes on taking events, loses none when it is killed, and sends them in order', async () => {
    const data = join(folder, 'collector');
    let collector = start('--data', data);
    let url = await collector.url();
    const senders = ['a', 'b', 'c'].map((name) => new Sender(name));
    const closing = new AbortController();
    const running = senders.map((sender) => sender.run(() => url, closing.signal));
    const counts = (): readonly number[] => senders.map(({ acknowledged }) => acknowledged);
    const more = async (count: number): Promise<void> => {
      const before = counts();
      const enough = () =>
        senders.every(({ acknowledged }, n) => acknowledged >= (before[n] ?? 0) + count);
      await expect.poll(enough, patient).toBe(true);
    };
    await more(20);

    const last = counts();
    const awayAt = Date.now();
    kafka.kill('broker-1', 'SIGKILL');
    await more(50);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await metricsOf(url)).toMatch(/^millrace_spilling 1$/m);
    collector.kill('SIGKILL');
    await collector.exited;
    collector = start('--data', data);
    url = await collector.url();
    await more(50);
    const second = start('--data', data);
    await second.exited;
    expect(second.errors).toContain('data_folder_in_use');
    const longEnough = plan.allowedLatenessMs + 1_000;
    await expect.poll(() => Date.now() - awayAt, patient).toBeGreaterThan(longEnough);
    const backAt = Date.now();
    await kafka.restart('broker-1');
    await expect.poll(() => spillOf(url), patient).toMatchObject({ since: null, events: 0 });
    await more(20);
    closing.abort();
    await Promise.all(running);

    const wanted = new Set(
      senders.flatMap((sender) =>
        Array.from({ length: sender.acknowledged }, (_, n) => n)
          .filter((n) => !sender.isRefused(n))
          .map((n) => sender.idOf(n)),
      ),
    );
    const missing = new Set(wanted);
    const raw = await readRecordsUntil(kafka.addresses.bootstrap, topics.raw, ({ value }) => {
      missing.delete(lineOf(value).event_id);
      return missing.size === 0;
    });
    const lines = raw.map(({ value }) => lineOf(value));
    const firsts = [...new Set(lines.map(({ event_id }) => event_id))].filter((id) =>
      wanted.has(id),
    );
    for (const { name } of senders) {
      const own = firsts.filter((id) => id.startsWith(name));
      expect(own).toEqual(own.toSorted());
    }

    // Twice is only what was on its way when something died.
    const seen = new Set<string>();
    const twice = lines
      .map(({ event_id }) => event_id)
      .filter((id) => seen.size === seen.add(id).size);
    for (const sender of senders) {
      const before = senders.indexOf(sender);
      for (let n = 0; n < (last[before] ?? 0) - 1; n += 1)
        expect(twice).not.toContain(sender.idOf(n));
      // Only while no collector ran did anybody have to send again.
      expect(sender.failures).toEqual([]);
      expect(sender.longestMs).toBeLessThan(30_000);
    }

    // When it goes to Kafka an event gets its append time, and by that it is late or not.
    for (const { timestamp, value } of raw) {
      const line = lineOf(value);
      expect(line.appended_at).toBe(timestamp);
      expect(line.appended_at).toBeGreaterThanOrEqual(line.received_at);
      expect(line.late).toBe(line.appended_at - line.timestamp > plan.allowedLatenessMs);
    }
    const waited = lines.filter(
      ({ received_at, appended_at }) => received_at < backAt && appended_at >= backAt,
    );
    expect(waited.length).toBeGreaterThan(100);
    expect(waited.some(({ late }) => late)).toBe(true);

    const refused = new Set(
      senders.flatMap((sender) =>
        Array.from({ length: sender.acknowledged }, (_, n) => n)
          .filter((n) => sender.isRefused(n))
          .map((n) => sender.idOf(n)),
      ),
    );
    expect(refused.size).toBeGreaterThan(30);
    await readRecordsUntil(kafka.addresses.bootstrap, topics.deadLetters, ({ value }) => {
      const letter: { readonly event_id: string } = JSON.parse(value);
      refused.delete(letter.event_id);
      return refused.size === 0;
    });
    await collector.stop();
    expect(collector.errors).not.toContain('stopped while Kafka is away');
  }, 300_000);

  test('answers 503 once its disk is full, and goes on by itself when Kafka answers again', async () => {
    const collector = start('--data', join(folder, 'small'), '--spill-mb', '1');
    const without = start();
    const url = await collector.url();
    const elsewhere = await without.url();
    const acknowledged = new Set<string>();
    let batches = 0;
    const send = async (to = url): Promise<Response> => {
      batches += 1;
      const ids = Array.from({ length: 200 }, (_, n) => `full-${batches}-${n}`);
      const events = ids.map((event_id) => {
        const properties = { product_id: event_id.padEnd(500, '.'), price: '1.00' };
        return { event_id, type: 'view', properties };
      });
      const response = await fetch(`${to}/v1/events`, {
        method: 'POST',
        body: JSON.stringify(events),
      });
      if (response.ok) for (const id of ids) acknowledged.add(id);
      return response;
    };
    expect((await send()).status).toBe(200);
    await expect.poll(() => spillOf(url), patient).toMatchObject({ since: null, events: 0 });

    // It takes connections, and answers nothing.
    await kafka.pause('broker-1');
    const began = performance.now();
    expect((await send()).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(30_000);
    let refusal = await send();
    while (refusal.ok) refusal = await send();
    expect(refusal.status).toBe(503);
    expect(refusal.headers.get('retry-after')).toBe('5');
    expect(await refusal.json()).toMatchObject({ error: { code: 'log_unavailable' } });
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: 'not ready' });
    const spill = await spillOf(url);
    expect(spill.events).toBe(acknowledged.size - 200);
    expect(spill.bytes).toBeGreaterThan(800_000);
    expect(spill.bytes).toBeLessThanOrEqual(spill.bytes_max);
    const alone = await send(elsewhere);
    expect(alone.status).toBe(503);
    expect(await alone.json()).toMatchObject({ error: { code: 'log_unavailable' } });

    kafka.resume('broker-1');
    await expect.poll(() => spillOf(url), patient).toMatchObject({ since: null, events: 0 });
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, patient).toBe(200);
    await expect.poll(async () => (await send()).status, patient).toBe(200);
    await readRecordsUntil(kafka.addresses.bootstrap, topics.raw, ({ value }) => {
      acknowledged.delete(lineOf(value).event_id);
      return acknowledged.size === 0;
    });
    await collector.stop();
    await without.stop();
  }, 300_000);

  test('says when it is stopped what waits, and where', async () => {
    const data = join(folder, 'stopped');
    const collector = start('--data', data);
    const url = await collector.url();
    kafka.kill('broker-1', 'SIGKILL');
    const event = {
      event_id: 'left',
      type: 'view',
      properties: { product_id: 'p', price: '1.00' },
    };
    const answer = await fetch(`${url}/v1/events`, { method: 'POST', body: JSON.stringify(event) });
    expect(answer.status).toBe(200);
    await collector.stop();
    expect(collector.errors).toContain(`1 events are in ${join(data, 'spill')}`);

    await kafka.restart('broker-1');
    const again = start('--data', data);
    await readRecordsUntil(
      kafka.addresses.bootstrap,
      topics.raw,
      ({ value }) => lineOf(value).event_id === 'left',
    );
    await again.stop();
  }, 300_000);
});

interface Spill {
  readonly since: string | null;
  readonly events: number;
  readonly bytes: number;
  readonly bytes_max: number;
}

async function spillOf(url: string): Promise<Spill> {
  const response = await fetch(`${url}/v1/status`);
  const { spill }: { readonly spill: Spill } = JSON.parse(await response.text());
  return spill;
}

const metricsOf = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text();
const lineOf = (value: string): Line => JSON.parse(value);

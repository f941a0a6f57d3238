import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { rows } from './millrace-process.ts';
import { Random } from './random.ts';

/** Asks for rows in SQL. */
export type Ask = <Row>(url: string, sql: string) => Promise<readonly Row[]>;

export interface LedgerEvent {
  readonly event_id: string;
  readonly type: 'view' | 'purchase';
  readonly timestamp: number;
  readonly user_id: string;
  readonly properties: {
    readonly product_id: string;
    readonly price: string;
    readonly currency?: string;
  };
}

const probeEvents = 16;

/**
 * What was sent and what was acknowledged. Writers send until they are
 * acknowledged, in batches that they cut anew at each try, and send again what
 * was acknowledged long ago.
 */
export class Ledger {
  readonly sent = new Map<string, LedgerEvent>();
  readonly acknowledged = new Set<string>();
  /** Answers that said yes; and those that a crash, or a busy server, kept back. */
  answered = 0;
  unanswered = 0;
  resent = 0;
  readonly #oldShare: number;

  /** @param oldShare the share of events that happened up to forty days ago, the others just now. */
  constructor({ oldShare = 0.1 } = {}) {
    this.#oldShare = oldShare;
  }

  /**
   * Writes until the signal, against whatever address `where` gives at the time.
   *
   * @param eventsPerSecond at most, so that what is behind the answer keeps up;
   *   as fast as there are answers unless told.
   */
  async write(
    name: string,
    seed: number,
    where: () => string | null,
    signal: AbortSignal,
    eventsPerSecond = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    const random = new Random(seed);
    let open: LedgerEvent[] = [];
    const done: LedgerEvent[] = [];
    for (let serial = 0; !signal.aborted || open.length > 0; ) {
      const url = where();
      if (url === null) {
        await sleep(5);
        continue;
      }
      for (let fresh = signal.aborted ? 0 : random.between(1, 60); fresh > 0; fresh -= 1) {
        const event = this.#event(`${name}-${serial}`, random);
        serial += 1;
        open.push(event);
        this.sent.set(event.event_id, event);
      }
      // Another cut than last time, in another order, with old ones among them.
      const batch = open.slice(0, random.between(1, open.length));
      const repeats = done.length > 0 ? random.between(0, 8) : 0;
      for (let n = 0; n < repeats; n += 1) batch.push(random.pick(done));
      if (random.chance(0.3)) batch.push(batch[0] ?? random.pick(open));
      if (random.chance(0.5)) batch.reverse();
      this.resent += repeats;
      if (!(await this.#send(url, batch, random))) continue;
      const taken = new Set(batch.map(({ event_id }) => event_id));
      for (const id of taken) this.acknowledged.add(id);
      done.push(...open.filter(({ event_id }) => taken.has(event_id)).slice(0, 20));
      open = open.filter(({ event_id }) => !taken.has(event_id));
      const restMs = (1_000 * batch.length) / eventsPerSecond;
      if (restMs > 0) await sleep(restMs);
    }
  }

  /** Sends some events of one product until they are acknowledged: enough to meet each partition. */
  async probe(product_id: string, seed: number, where: () => string | null): Promise<number> {
    const random = new Random(seed);
    const batch = Array.from({ length: probeEvents }, (_, n) => {
      const event = this.#event(`${product_id}-${n}`, random);
      return { ...event, properties: { ...event.properties, product_id } };
    });
    for (const event of batch) this.sent.set(event.event_id, event);
    for (;;) {
      const url = where();
      if (url !== null && (await this.#send(url, batch, random))) break;
      await sleep(20);
    }
    for (const { event_id } of batch) this.acknowledged.add(event_id);
    return batch.length;
  }

  async #send(url: string, batch: readonly LedgerEvent[], random: Random): Promise<boolean> {
    const lines = random.chance(0.5);
    try {
      const response = await fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': lines ? 'application/x-ndjson' : 'application/json' },
        body: lines
          ? batch.map((event) => JSON.stringify(event)).join('\n')
          : JSON.stringify(batch),
      });
      const answer: unknown = await response.json();
      if (!response.ok) {
        this.unanswered += 1;
        return false;
      }
      expect(answer).toMatchObject({ accepted: batch.length, rejected: [] });
      this.answered += 1;
      return true;
    } catch (error) {
      // The connection broke: nobody knows whether it was taken, so it is sent again.
      if (!(error instanceof TypeError)) throw error;
      this.unanswered += 1;
      return false;
    }
  }

  #event(event_id: string, random: Random): LedgerEvent {
    const type = random.chance(0.3) ? 'purchase' : 'view';
    const ago = random.chance(this.#oldShare)
      ? random.between(0, 40 * 86_400_000)
      : random.between(0, 2_000);
    return {
      event_id,
      type,
      timestamp: Date.now() - ago,
      user_id: `u${random.between(1, 500)}`,
      properties: {
        product_id: `p${random.between(1, 20)}`,
        price: (random.between(0, 10_000_000) / 100).toFixed(2),
        ...(type === 'purchase' && random.chance(0.8)
          ? { currency: random.pick(['GBP', 'EUR']) }
          : {}),
      },
    };
  }

  /** acknowledged ⊆ stored ⊆ sent, each once, and every rollup as recomputed from what was sent. */
  async balance(url: string, ask: Ask = rows): Promise<void> {
    const stored = await ask<{ event_id: string; n: string }>(
      url,
      'SELECT event_id, count() AS n FROM events GROUP BY event_id',
    );
    const ids = new Set(stored.map(({ event_id }) => event_id));
    expect(stored.filter(({ n }) => n !== '1')).toEqual([]);
    expect([...this.acknowledged].filter((id) => !ids.has(id))).toEqual([]);
    expect([...ids].filter((id) => !this.sent.has(id))).toEqual([]);
    const events = [...ids].flatMap((id) => this.sent.get(id) ?? []);
    await this.#compareByMinute(url, ask, events);
    await this.#compareByDay(url, ask, events);
  }

  async #compareByMinute(url: string, ask: Ask, events: readonly LedgerEvent[]): Promise<void> {
    const groups = groupBy(events, ({ timestamp, type, properties }) =>
      [Math.floor(timestamp / 60_000) * 60_000, type, properties.product_id].join('|'),
    );
    const expected = [...groups].map(([key, members]) => {
      const cents = members.map(({ properties }) => centsOf(properties.price));
      return [
        key,
        members.length,
        money(sumOf(cents)),
        money(least(cents)),
        money(-least(cents.map((cent) => -cent))),
        // A sketch, but exact for so few.
        new Set(members.map(({ user_id }) => user_id)).size,
      ].join('|');
    });
    const found = await ask<{ [name: string]: string }>(
      url,
      `SELECT toUnixTimestamp64Milli(toDateTime64(bucket, 3, 'UTC')) AS at, type, product_id, events,
              toDecimalString(amount, 2) AS amount, toDecimalString(lowest, 2) AS lowest,
              toDecimalString(highest, 2) AS highest, people FROM by_minute`,
    );
    expect(found.map((row) => Object.values(row).join('|')).sort()).toEqual(expected.sort());
  }

  async #compareByDay(url: string, ask: Ask, events: readonly LedgerEvent[]): Promise<void> {
    const groups = groupBy(
      events.filter(({ type }) => type === 'purchase'),
      ({ timestamp, properties }) =>
        [Math.floor(timestamp / 86_400_000) * 86_400_000, properties.currency ?? 'none'].join('|'),
    );
    const expected = [...groups].map(([key, members]) =>
      [
        key,
        members.length,
        money(sumOf(members.map((event) => centsOf(event.properties.price)))),
      ].join('|'),
    );
    const found = await ask<{ [name: string]: string }>(
      url,
      `SELECT toUnixTimestamp64Milli(toDateTime64(bucket, 3, 'UTC')) AS at, ifNull(currency, 'none') AS currency,
              orders, toDecimalString(amount, 2) AS amount FROM purchases_by_day`,
    );
    expect(found.map((row) => Object.values(row).join('|')).sort()).toEqual(expected.sort());
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

const centsOf = (price: string): bigint => BigInt(price.replace('.', ''));
const sumOf = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);
const least = (values: readonly bigint[]): bigint =>
  [...values].sort((a, b) => (a < b ? -1 : 1))[0] ?? 0n;
const money = (cents: bigint): string => {
  const digits = cents.toString().padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Random, testSeed } from '../../../../tests/support/random.ts';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { count, decimal, definePipeline, event, rollup, string, sum, uniq } from '../index.ts';
import type { VerifyReport } from '../verify/report.ts';
import { type Embedded, openEmbedded } from './embedded.ts';
import { verifying } from './verifying.ts';

const seed = testSeed();
const hourMs = 3_600_000;
const measures = { orders: count(), revenue: sum('value'), people: uniq('user_id') };
const shop = definePipeline({
  name: 'shop',
  events: { purchase: event({ value: decimal(18, 2), currency: string() }) },
  rollups: [
    rollup('hourly', { from: 'purchase', every: 'hour', by: ['currency'], measures }),
    rollup('daily', { from: 'purchase', every: 'day', measures }),
  ],
});

interface Row {
  readonly timestamp: number;
  readonly currency: string;
  readonly cents: number;
  user: string;
}
interface Group {
  orders: number;
  cents: number;
  readonly people: Set<string>;
}
const widthMs = { hourly: hourMs, daily: 24 * hourMs };
type RollupName = keyof typeof widthMs;
const names: readonly RollupName[] = ['hourly', 'daily'];

/** What the store holds, and what was accepted. */
class Model {
  readonly accepted: readonly Row[];
  /** At each offset the rows that are stored for it. */
  readonly stored: Row[][];
  /** Those that are stored for places that the log does not have. */
  readonly outside: Row[] = [];
  readonly rollups: { readonly [name in RollupName]: Map<string, Group> };

  constructor(accepted: readonly Row[]) {
    this.accepted = accepted;
    this.stored = accepted.map((row) => [{ ...row }]);
    this.rollups = { hourly: groupsOf('hourly', accepted), daily: groupsOf('daily', accepted) };
  }

  events(): readonly object[] {
    const hours = new Map<number, EventsTally>();
    for (const [offset, rows] of this.stored.entries()) {
      const accepted = this.accepted[offset];
      if (!accepted) throw new RangeError('no such offset');
      const hour = startOf(accepted.timestamp, hourMs);
      const tally = hours.get(hour) ?? newTally();
      if (rows.length === 0) tally.lost += 1;
      else if (rows.every(({ user }) => user !== accepted.user)) tally.changed += 1;
      tally.doubled += Math.max(0, rows.length - 1);
      if (tally.lost + tally.doubled + tally.changed > 0) hours.set(hour, tally);
    }
    for (const { timestamp } of this.outside) {
      const hour = startOf(timestamp, hourMs);
      const tally = hours.get(hour) ?? newTally();
      tally.outside += 1;
      hours.set(hour, tally);
    }
    return inOrder(hours).map(([hour, tally]) => ({ hour, ...tally }));
  }

  rollup(name: RollupName): readonly object[] {
    const expected = groupsOf(name, this.stored.flat());
    const stored = this.rollups[name];
    const hours = new Map<number, { lost: number; unexpected: number; changed: number }>();
    for (const key of new Set([...expected.keys(), ...stored.keys()])) {
      const [a, b] = [expected.get(key), stored.get(key)];
      if (a && b && said(a) === said(b)) continue;
      const hour = Number(key.split(' ')[0]);
      const tally = hours.get(hour) ?? { lost: 0, unexpected: 0, changed: 0 };
      if (!b) tally.lost += 1;
      else if (!a) tally.unexpected += 1;
      else tally.changed += 1;
      hours.set(hour, tally);
    }
    return inOrder(hours).map(([hour, tally]) => ({ hour, ...tally }));
  }
}

interface EventsTally {
  lost: number;
  doubled: number;
  changed: number;
  outside: number;
}
const newTally = (): EventsTally => ({ lost: 0, doubled: 0, changed: 0, outside: 0 });

const said = ({ orders, cents, people }: Group): string => `${orders} ${cents} ${people.size}`;
const startOf = (ms: number, width: number): number => ms - (ms % width);
const inOrder = <Value>(map: ReadonlyMap<number, Value>) =>
  [...map]
    .sort(([a], [b]) => a - b)
    .map(([ms, value]) => [new Date(ms).toISOString(), value] as const);
const keyOf = (name: RollupName, { timestamp, currency }: Row): string =>
  `${startOf(timestamp, widthMs[name])} ${name === 'hourly' ? currency : ''}`;

function addTo(groups: Map<string, Group>, name: RollupName, row: Row): void {
  const key = keyOf(name, row);
  const group = groups.get(key) ?? { orders: 0, cents: 0, people: new Set() };
  group.orders += 1;
  group.cents += row.cents;
  group.people.add(row.user);
  groups.set(key, group);
}
function groupsOf(name: RollupName, rows: readonly Row[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const row of rows) addTo(groups, name, row);
  return groups;
}

const eventColumns =
  'event_id, type, timestamp, received_at, appended_at, late, user_id, anonymous_id, session_id, properties, context';
const inEvents = ['lose', 'double', 'change', 'place outside'] as const;
const inRollup = ['lose group', 'double group', 'change group'] as const;

/** Plants one fault in the store, and in the model what it must look like. */
class Faults {
  readonly #store: Embedded['store'];
  readonly #model: Model;
  readonly #random: Random;
  #tokens = 0;

  constructor({ store }: Embedded, model: Model, random: Random) {
    this.#store = store;
    this.#model = model;
    this.#random = random;
  }

  async plant(): Promise<void> {
    const groups = names.filter((name) => this.#model.rollups[name].size > 0);
    if (groups.length === 0 || this.#random.chance(0.5))
      await this.#inEvents(this.#random.pick(inEvents));
    else await this.#inRollup(this.#random.pick(groups), this.#random.pick(inRollup));
  }

  async #inEvents(kind: (typeof inEvents)[number]): Promise<void> {
    const { stored, outside, rollups } = this.#model;
    const offset = this.#random.between(0, stored.length - 1);
    const rows = stored[offset] ?? [];
    if (kind === 'lose') {
      await this.#alter('events', `DELETE WHERE _offset = ${offset}`);
      rows.splice(0);
      return;
    }
    if (kind === 'change') {
      await this.#alter('events', `UPDATE user_id = 'nobody' WHERE _offset = ${offset}`);
      for (const row of rows) row.user = 'nobody';
      return;
    }
    const place =
      kind === 'double' ? `0, ${offset}` : `${this.#random.pick([0, 7])}, ${offset + 1_000_000}`;
    await this.#insert(
      `events (${eventColumns}, _partition, _offset) SELECT ${eventColumns}, ${place} FROM events WHERE _offset = ${offset}`,
    );
    const copies = rows.map((row) => ({ ...row }));
    (kind === 'double' ? rows : outside).push(...copies);
    for (const row of copies) for (const name of names) addTo(rollups[name], name, row);
  }

  async #inRollup(name: RollupName, kind: (typeof inRollup)[number]): Promise<void> {
    const groups = this.#model.rollups[name];
    const [key, group] = this.#random.pick([...groups]);
    const [ms, currency] = key.split(' ');
    const where = `toUnixTimestamp(bucket) = ${Number(ms) / 1_000} ${currency ? `AND currency = '${currency}'` : ''}`;
    // One row for a group, so that what is changed is changed once.
    await this.#store.define(`OPTIMIZE TABLE ${name}__v1 FINAL`);
    if (kind === 'lose group') {
      await this.#alter(`${name}__v1`, `DELETE WHERE ${where}`);
      groups.delete(key);
    } else if (kind === 'double group') {
      await this.#insert(`${name}__v1 SELECT * FROM ${name}__v1 WHERE ${where}`);
      group.orders *= 2;
      group.cents *= 2;
    } else {
      await this.#alter(
        `${name}__v1`,
        `UPDATE revenue = revenue + toDecimal64(0.01, 2) WHERE ${where}`,
      );
      group.cents += 1;
    }
  }

  #alter(table: string, change: string): Promise<void> {
    return this.#store.define(`ALTER TABLE ${table} ${change} SETTINGS mutations_sync = 2`);
  }

  /** Under a token of its own, as a loader that forgot what it did would. */
  #insert(into: string): Promise<void> {
    this.#tokens += 1;
    return this.#store.define(
      `INSERT INTO ${into} SETTINGS insert_deduplication_token = 'again ${this.#tokens}', insert_allow_materialized_columns = 1`,
    );
  }
}

const found = (report: VerifyReport) => ({
  equal: report.equal,
  events: report.differences.map(({ hour, lost, doubled, changed, outside }) => ({
    hour,
    lost,
    doubled,
    changed,
    outside,
  })),
  ...Object.fromEntries(
    report.rollups.map(({ rollup, differences }) => [
      rollup,
      differences.map(({ hour, lost, unexpected, changed }) => ({
        hour,
        lost,
        unexpected,
        changed,
      })),
    ]),
  ),
});

test.each([1, 2, 3, 4])(
  `whatever is lost, doubled and changed, exactly that is found (seed ${seed}, round %i)`,
  async (round) => {
    const random = new Random(seed + round);
    const folder = mkdtempSync(join(tmpdir(), 'millrace-faults-'));
    const embedded = await openEmbedded({
      pipeline: shop,
      folder,
      dedupMemoryBytesMax: 16 * 1024 * 1024,
      storeMemoryBytesMax: 1024 ** 3,
      logRetentionMs: null,
      logSegmentBytes: 20_000,
      onProblem: () => {},
    });
    try {
      const nowMs = Date.now();
      const rows = Array.from({ length: random.between(1, 400) }, () => ({
        timestamp: nowMs - random.between(0, random.pick([1, 50, 2_000]) * hourMs),
        currency: random.pick(['EUR', 'GBP', 'USD']),
        cents: random.between(1, 9_999),
        user: `u${random.between(1, 9)}`,
      }));
      const model = new Model(rows);
      for (let at = 0; at < rows.length; ) {
        const some = rows.slice(at, at + random.between(1, 200));
        await send(embedded, at, some);
        at += some.length;
      }
      const verify = async () =>
        found(await verifying(embedded)(() => {}, new AbortController().signal));
      expect(await verify()).toEqual({ equal: true, events: [], hourly: [], daily: [] });

      const faults = new Faults(embedded, model, random);
      for (let planted = random.between(1, 8); planted > 0; planted -= 1) await faults.plant();
      const expected = {
        events: model.events(),
        hourly: model.rollup('hourly'),
        daily: model.rollup('daily'),
      };
      const equal = Object.values(expected).every((differences) => differences.length === 0);
      expect(await verify()).toEqual({ equal, ...expected });
    } finally {
      await embedded.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

async function send(
  { collector, eventLoader, events }: Embedded,
  from: number,
  rows: readonly Row[],
): Promise<void> {
  const batch = rows.map(({ timestamp, currency, cents, user }, i) => ({
    event_id: `e${from + i}`,
    type: 'purchase',
    timestamp,
    user_id: user,
    properties: { value: (cents / 100).toFixed(2), currency },
  }));
  const body = Buffer.from(JSON.stringify(batch));
  const { rejected } = await collector.collect(
    nativeBatch(readJson(body, false, collector.limits)),
  );
  expect(rejected).toEqual([]);
  await eventLoader.settled(events.end);
}

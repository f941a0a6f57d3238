import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testSeed } from '../../../../../tests/support/random.ts';
import type { MeasurePlan, WindowPlan } from '../../plan/plan.ts';
import { planOf } from '../../plan/plan-of.ts';
import { clickhouseDdl } from './ddl.ts';
import { everyWindow } from './every-window.suite.ts';
import { decimalText } from './expect-measure.suite.ts';
import { expectWindow } from './expect-window.suite.ts';
import { type CanonicalEvent, exactSum, valuesOf } from './naive.suite.ts';
import { type NaiveWindow, windowsOf } from './naive-windows.suite.ts';
import { events } from './random-events.suite.ts';
import { dropResults } from './results-table.ts';
import { openTestStore, type TestStore } from './test-store.suite.ts';

const plan = planOf(everyWindow);
const seed = testSeed();
const firstMs = Date.UTC(2026, 10, 29, 23, 59, 55);

/** Within a minute around a day's end, so that windows meet. */
const given = fc
  .sample(events, { numRuns: 12, seed })
  .flat()
  .map(
    (event, i): CanonicalEvent => ({
      ...event,
      event_id: `e${i}`,
      timestamp: firstMs + (Math.abs(event.timestamp) % 60_000),
    }),
  );

describe(`results that Flink computed (seed ${seed})`, () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
    const { statements } = clickhouseDdl(plan, { database: 'given', computedBy: 'flink' });
    for (const statement of statements) await store.store.define(statement);
  });
  afterAll(() => store.close());

  test('are finished to what a recomputation gives, and each is kept once', async () => {
    const beganMs = Date.now();
    const { results } = clickhouseDdl(plan, { database: 'given', computedBy: 'flink' });
    for (const { window, table } of results) {
      const lines = windowsOf(window, given).map((one) => JSON.stringify(lineOf(window, one)));
      expect(lines.length).toBeGreaterThan(0);
      for (let tries = 0; tries < 2; tries += 1)
        await store.store.insert({
          table: table.name,
          lines: Buffer.from(lines.map((line) => `${line}\n`).join('')),
          rows: lines.length,
          token: `${window.name}/0-${lines.length}`,
          columns: table.insertColumns,
          place: { partition: 0, offset: 0 },
        });
      const rows = await store.rows(`SELECT * FROM given.${window.name}`);
      expectWindow(window, rows, given);
      for (const row of rows)
        expect(Date.parse(String(row.emitted_at))).toBeGreaterThanOrEqual(beganMs);
    }
  });

  test('are dropped with their window, which needs them no more', async () => {
    const [visits] = plan.windows.filter(({ name }) => name === 'visits');
    if (visits === undefined) throw new Error('it has visits');
    for (const statement of dropResults(visits, { database: 'given' }))
      await store.store.define(statement);
    const left = await store.rows(
      "SELECT name FROM system.tables WHERE database = 'given' AND name LIKE 'visits%' ORDER BY name",
    );
    expect(left.map(({ name }) => name)).toEqual(['visits', 'visits__v1']);
  });
});

/** As Flink writes it: what is null is left out. */
const lineOf = (window: WindowPlan, { startMs, endMs, dimensions, events: of }: NaiveWindow) => ({
  window_start: sqlTime(startMs),
  window_end: sqlTime(endMs),
  ...Object.fromEntries(
    window.by.map(({ name }, i) => [name, dimensions[i] ?? undefined] as const),
  ),
  ...Object.assign({}, ...window.measures.map((measure) => partsOf(measure, of))),
});

const sqlTime = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, -1);

const partsOf = (measure: MeasurePlan, of: readonly CanonicalEvent[]): object => {
  const { name } = measure;
  if (measure.kind === 'count') return { [name]: of.length };
  const values = valuesOf(of, measure.field);
  const { type } = measure.field;
  const total = () =>
    type.kind === 'float64'
      ? values.reduce((sum: number, value) => sum + Number(value), 0)
      : decimalText(exactSum(values), type.kind === 'decimal' ? type.scale : 0);
  switch (measure.kind) {
    case 'sum':
      return { [name]: total() };
    case 'avg':
      return { [`${name}__sum`]: total(), [`${name}__count`]: values.length };
    case 'min':
      return { [name]: values[0] };
    case 'max':
      return { [name]: values.at(-1) };
    case 'uniq':
      return { [`${name}__values`]: [...new Set(values)] };
    case 'quantiles':
      return { [`${name}__values`]: values };
  }
};

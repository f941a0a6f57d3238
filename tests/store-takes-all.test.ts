import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MillraceProcess, rows, settled } from './support/millrace-process.ts';
import { testSeed } from './support/random.ts';

// What the collector accepts, the store must take: an event with a receipt that
// turns up among the dead letters would be a promise broken.

const pipeline = fileURLToPath(new URL('./support/everything.config.ts', import.meta.url));
const seed = testSeed();

let folder: string;
let millrace: MillraceProcess;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-takes-all-'));
  millrace = new MillraceProcess({ pipeline, data: join(folder, 'data') });
  url = await millrace.url();
});
afterAll(async () => {
  await millrace.stop();
  await rm(folder, { recursive: true });
});

/** JSON text, so that numbers can be written as no JavaScript number would be. */
const text = fc.string({ unit: 'grapheme' }).map((value) => JSON.stringify(value));
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toExponential()),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String),
  fc.constantFrom('0', '-0', '1e308', '5e-324', '18446744073709551615', '-9223372036854775808'),
);
const name = fc.oneof(
  text,
  fc.constantFrom('"a.b"', '""', '"text"', '"a%2Eb"', '"`"', '"sub.column"', '"^a"', '"a[]"'),
  fc.constantFrom('"null"', '"size0"', '"\\\\"', '"constructor"', '"Nullable"', '":Int64"'),
);
const object = (value: fc.Arbitrary<string>, maxKeys: number): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(name, value), { maxLength: maxKeys })
    .map((members) => `{${members.map(([key, of]) => `${key}:${of}`).join(',')}}`);
const any = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    text,
    number,
    fc.constantFrom('true', 'false', 'null', '[]', '{}', '[null]', '[[]]', '[{}]'),
    fc.constantFrom('"2026-05-01"', '"2026-05-01T00:00:00Z"', '"1e5"', '"NaN"', '"127.0.0.1"'),
    fc.array(tie('value'), { maxLength: 4 }).map((values) => `[${values.join(',')}]`),
    object(tie('value'), 4),
  ),
})).value;

const instant = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2299-12-31'), noInvalidDate: true })
  .map((date) => JSON.stringify(date));
const digits = (before: number, after: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** BigInt(before) - 1n }), fc.nat(10 ** after - 1))
    .map(([whole, part]) => `"-${whole}.${String(part).padStart(after, '0')}"`);
const declared = fc.record(
  {
    text,
    color: fc.constantFrom('"red"', '"green"'),
    flag: fc.constantFrom('true', 'false'),
    small: fc.integer().map(String),
    large: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    ratio: fc.double({ noNaN: true, min: -1e300, max: 1e300 }).map((value) => `${value}`),
    amount: digits(14, 4),
    at: instant,
    ref: fc.uuid().map((value) => JSON.stringify(value)),
    numbers: fc.array(fc.maxSafeInteger()).map((values) => JSON.stringify(values)),
    prices: fc.array(digits(16, 2)).map((values) => `[${values.join(',')}]`),
    address: fc.tuple(text, any).map(([city, more]) => `{"city":${city},"more":${more}}`),
    items: fc
      .array(fc.tuple(text, digits(16, 2), any))
      .map((of) => `[${of.map(([n, p, a]) => `{"name":${n},"price":${p},"x":${a}}`).join(',')}]`),
  },
  { requiredKeys: [] },
);
/** Few months, because each is a partition of the store. */
const timestamp = fc.constantFrom('"1900-01-01"', '-1', '0', '"2019-06-30T23:59:59.999Z"');
const event = fc
  .tuple(declared, fc.array(fc.tuple(name, any), { maxLength: 3 }), object(any, 3), timestamp)
  .map(([known, more, context, at]) => {
    const members = [
      ...Object.entries(known).map(([key, value]) => `"${key}":${value}`),
      ...more.map(([key, value]) => `${key}:${value}`),
    ];
    return `{"type":"everything","timestamp":${at},"properties":{${members.join(',')}},"context":${context}}`;
  });

test(`whatever gets a receipt is stored (seed ${seed})`, async () => {
  const lines = fc.sample(event, { seed, numRuns: 5_000 });
  for (let at = 0; at < lines.length; at += 500) {
    const response = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.slice(at, at + 500).join('\n'),
    });
    expect(response.status).toBe(200);
  }
  const { accepted, stored } = await settled(url);
  // Some are refused: a name that is declared, with a value of another type.
  expect(accepted).toBeGreaterThan(lines.length / 2);
  expect(stored).toBe(accepted);
  expect(
    await rows(url, `SELECT reason, raw FROM dead_letters WHERE code = 'store_refused' LIMIT 6`),
  ).toEqual([]);
  expect(await rows(url, 'SELECT count() AS count FROM events')).toEqual([
    { count: String(accepted) },
  ]);
});

import fc from 'fast-check';
import { decimalText } from './expect-measure.suite.ts';
import type { CanonicalEvent } from './naive.suite.ts';

/** Often small, so that groups and conditions meet; sometimes at the limits. */
export const decimals = (scale: number) =>
  fc
    .oneof(
      {
        weight: 4,
        arbitrary: fc
          .bigInt(-5n, 5n)
          .map((n) => (n * 10n ** BigInt(scale)) / (scale < 18 ? 4n : 40n)),
      },
      { weight: 1, arbitrary: fc.bigInt(-(10n ** 18n) + 1n, 10n ** 18n - 1n) },
    )
    .map((unscaled) => decimalText(unscaled, scale));
export const int32s = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);
export const int64s = fc
  .oneof(fc.bigInt(-3n, 3n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n))
  .map(String);
export const floats = fc
  .oneof(
    fc.constantFrom(0, 0.5, -1.25, 3),
    fc.double({ min: -1e300, max: 1e300, noNaN: true }),
    fc.constantFrom(1e300, -1e300, 5e-324, -1e-300, 1e-31),
  )
  .map((x) => x + 0)
  // JSON.stringify writes these as whole numbers beyond 64 bits; the collector does not.
  .filter((x) => Math.abs(x) < 2 ** 63 || Math.abs(x) >= 1e21);
export const texts = fc.oneof(
  fc.constantFrom('', 'a', 'Z', 'é', '＀', '😀', "it's", 'a\\b', '`'),
  fc.string({ unit: 'grapheme', maxLength: 8 }).filter((s) => !s.includes('\0')),
);
export const instants = fc
  .tuple(
    fc.constantFrom(
      ...['2026-11-30', '2026-12-01', '2024-02-29', '1969-12-31', '1950-05-17', '2155-01-03'].map(
        (day) => Date.parse(day),
      ),
    ),
    fc.oneof(
      fc.constantFrom(0, -1, 1, 999, 59_999, 60_000, 3_599_999, 86_399_999, 86_400_000),
      fc.integer({ min: 0, max: 3 * 86_400_000 }),
    ),
  )
  .map(([day, ms]) => day + ms);
export const uuids = fc.constantFrom(
  '00000000-0000-4000-8000-000000000000',
  'ffffffff-ffff-4fff-bfff-ffffffffffff',
  '11111111-2222-4333-8444-555555555555',
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const places = fc.record({
  city: fc.constantFrom('Rome', 'Oslo', ''),
  order: maybe(int32s),
  inner: fc.record({ n: maybe(int64s) }),
});
const sales = fc.record({
  text: texts,
  kind: fc.constantFrom('a', 'b', "it's \\ `quoted`"),
  flag: fc.boolean(),
  small: int32s,
  big: int64s,
  ratio: floats,
  money: decimals(2),
  fine: decimals(18),
  share: fc.constantFrom('0.0000', '0.2500', '0.2501', '-0.9999'),
  whole: decimals(0),
  at: instants,
  key: uuids,
  words: fc.array(texts, { maxLength: 2 }),
  place: places,
});
const refunds = fc.record({
  money: maybe(decimals(2)),
  kind: maybe(fc.constantFrom('a', 'c')),
  place: places,
});

const envelope = {
  timestamp: instants,
  received_at: instants,
  late: fc.boolean(),
  user_id: maybe(fc.constantFrom('u0', 'u1', 'u2')),
};
/** Of the pipeline `everyKind`: few users and values, so that groups meet. */
export const events = fc
  .array(
    fc.oneof(
      fc.record({ ...envelope, type: fc.constant('sale'), properties: sales }),
      fc.record({ ...envelope, type: fc.constant('refund'), properties: refunds }),
      fc.record({
        ...envelope,
        type: fc.constantFrom('ping', 'page', 'identify'),
        properties: fc.constant({}),
      }),
    ),
    { minLength: 1, maxLength: 100 },
  )
  .map((list) =>
    // As a line of the log has it: what is absent is left out.
    list.map(
      (event, i): CanonicalEvent =>
        JSON.parse(JSON.stringify({ event_id: `e${i}`, appended_at: event.received_at, ...event })),
    ),
  );

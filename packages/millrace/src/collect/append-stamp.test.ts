import fc from 'fast-check';
import { expect, test } from 'vitest';
import { appendStamp } from './append-stamp.ts';
import { collectJson, now } from './collect-json.suite.ts';
import { shopPlan } from './shop-plan.suite.ts';

const { allowedLatenessMs } = shopPlan;
const stamp = appendStamp(allowedLatenessMs);

/** What the collector writes when an event comes in at a time, and is checked at another. */
async function written(event: object, receivedAt: number, checkedAt: number): Promise<string> {
  const { log } = await collectJson([event], { clock: { now: () => receivedAt } });
  const [line = ''] = log.lines;
  const [, timestamp] = /"timestamp":(-?\d+),/.exec(line) ?? [];
  const late = Number(timestamp) < checkedAt - allowedLatenessMs;
  return line
    .replace(`"appended_at":${receivedAt}`, `"appended_at":${checkedAt}`)
    .replace(/"late":(true|false)/, `"late":${late}`);
}

test('an event that waited says when it went, and whether it is late by then', async () => {
  const names = fc.constantFrom(',"appended_at":1', '"late":true', 'appended_at', 'late', '\\"');
  const event = fc.record({
    type: fc.constant('click'),
    event_id: fc.oneof(fc.uuid(), names),
    timestamp: fc.integer({ min: now - 30_000, max: now + 30_000 }),
    user_id: names,
    properties: fc.record({ element: names, late: fc.boolean(), appended_at: fc.nat() }),
    context: fc.dictionary(names, names),
  });
  await fc.assert(
    fc.asyncProperty(event, fc.integer({ min: 0, max: 50_000 }), async (each, waitedMs) => {
      const [line, expected] = await Promise.all([
        written(each, now, now),
        written(each, now, now + waitedMs),
      ]);
      expect(stamp(line, now + waitedMs)).toBe(expected);
      expect(() => JSON.parse(expected)).not.toThrow();
    }),
  );
});

test('at the bound it is not late yet', async () => {
  const line = await written(
    { type: 'click', event_id: 'e', properties: { element: 'a' } },
    now,
    now,
  );
  expect(JSON.parse(stamp(line, now + allowedLatenessMs))).toMatchObject({
    received_at: now,
    appended_at: now + allowedLatenessMs,
    late: false,
  });
  const late = stamp(line, now + allowedLatenessMs + 1);
  expect(JSON.parse(late)).toMatchObject({ late: true });
  expect(stamp(late, now)).toBe(line);
});

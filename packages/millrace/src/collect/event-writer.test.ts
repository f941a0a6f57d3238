import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectJson, now } from './collect-json.suite.ts';
import { shopPlan } from './shop-plan.suite.ts';

/** The canonical properties of an `everything` event, or the code it is refused with. */
async function everything(properties: string): Promise<string> {
  const { log, rejected } = await collectJson(`{"type":"everything","properties":${properties}}`);
  const [refusal] = rejected;
  if (refusal !== undefined) return refusal.code;
  return /"properties":(\{.*\})\}$/.exec(log.lines[0] ?? '')?.[1] ?? '{}';
}

describe('the canonical line', () => {
  it('has a known order, epoch milliseconds, and nothing empty', async () => {
    const { log } = await collectJson(`{
      "context": { "b": 1, "a": null, "empty": {} },
      "properties": { "zoo": 1, "currency": "EUR", "ape": null, "value": 12.5, "order_id": "o-1",
        "items": [{ "price": "1", "quantity": 2, "product_id": "p", "note": "n" }], "deep": { "z": 1, "y": 2 } },
      "session_id": null, "anonymous_id": 7, "user_id": "u",
      "timestamp": "2026-05-01T13:59:59.5+02:00", "type": "purchase", "event_id": "e-1"
    }`);
    expect(log.lines).toEqual([
      `{"event_id":"e-1","type":"purchase","timestamp":${now - 500},"received_at":${now},"appended_at":${now},"late":false` +
        ',"user_id":"u","anonymous_id":"7"' +
        ',"properties":{"order_id":"o-1","value":"12.50","currency":"EUR"' +
        ',"items":[{"product_id":"p","quantity":2,"price":"1.00","note":"n"}],"deep":{"y":2,"z":1},"zoo":1}' +
        ',"context":{"b":1,"empty":{}}}',
    ]);
    expect(log.records[0]?.key).toBe('e-1');
  });

  it('leaves out properties and context without names', async () => {
    const { log } = await collectJson({ type: 'page', event_id: 'e', properties: {}, context: {} });
    expect(log.lines).toEqual([
      `{"event_id":"e","type":"page","timestamp":${now},"received_at":${now},"appended_at":${now},"late":false}`,
    ]);
  });

  it('knows aliases and renames of the pipeline', async () => {
    const { log } = await collectJson({
      type: 'Order Completed',
      properties: { order_id: 'o', total: '5', currency: 'EUR', products: [] },
    });
    expect(log.values).toMatchObject([
      {
        type: 'purchase',
        properties: { order_id: 'o', value: '5.00', currency: 'EUR', items: [] },
      },
    ]);
  });

  it('prefers the declared name to a renamed one, which is then kept by its own', async () => {
    const { log } = await collectJson({
      type: 'purchase',
      properties: { order_id: 'o', total: 'x', value: '5', currency: 'EUR', items: [] },
    });
    expect(log.values[0]?.properties).toEqual({
      order_id: 'o',
      value: '5.00',
      currency: 'EUR',
      items: [],
      total: 'x',
    });
  });

  it('drops what an event says to drop', async () => {
    const { log } = await collectJson({ type: 'narrow', properties: { name: 'n', other: 1 } });
    expect(log.values[0]?.properties).toEqual({ name: 'n' });
  });

  it('takes the envelope in camelCase, and keeps other fields in the context', async () => {
    const { log } = await collectJson({
      type: 'page',
      eventId: 'e',
      userId: 'u',
      anonymousId: 'a',
      sessionId: 's',
      tenant: 't',
      both: 'outer',
      context: { both: 'inner' },
    });
    expect(log.values).toMatchObject([
      {
        event_id: 'e',
        user_id: 'u',
        anonymous_id: 'a',
        session_id: 's',
        context: { both: 'inner', tenant: 't' },
      },
    ]);
  });

  it('is a fixed point: writing what was written changes nothing', async () => {
    const name = fc
      .string({ unit: 'grapheme', maxLength: 8 })
      .filter((text) => text !== '__proto__');
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
        // Sent as its digits alone, a number of more than 64 bits would be refused.
        fc
          .double({ noNaN: true, noDefaultInfinity: true })
          .filter((x) => Math.abs(x) < 2 ** 53 || Math.abs(x) >= 1e21),
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).value;
    const event = fc.record(
      {
        event_id: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
        type: fc.constantFrom('page', 'everything'),
        timestamp: fc.integer({ min: now - 10_000_000, max: now }),
        user_id: fc.string(),
        properties: fc.dictionary(
          name.filter((text) => !declared.has(text)),
          value,
          { maxKeys: 5, noNullPrototype: true },
        ),
        context: fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true }),
      },
      { requiredKeys: ['event_id', 'type', 'timestamp'], noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(event, async (sent) => {
        const first = await collectJson(sent);
        expect(first.rejected).toEqual([]);
        const [line = ''] = first.log.lines;
        // The times of arrival are the collector's, and would be kept in the context.
        const again = line.replace(/"received_at":\d+,"appended_at":\d+,"late":\w+,?/, '');
        const second = await collectJson(again.replace(/,\}$/, '}'));
        expect(second.log.lines).toEqual([line]);
      }),
    );
  });
});

const declared = new Set(
  shopPlan.events.flatMap(({ properties }) => properties.map((p) => p.name)),
);

describe('declared properties', () => {
  it.each([
    ['{"large":9223372036854775807}', '{"large":"9223372036854775807"}'],
    ['{"large":-9223372036854775808}', '{"large":"-9223372036854775808"}'],
    ['{"large":9007199254740993}', '{"large":"9007199254740993"}'],
    ['{"large":"-007"}', '{"large":"-7"}'],
    ['{"large":"-0"}', '{"large":"0"}'],
    ['{"large":-0}', '{"large":"0"}'],
    ['{"large":5.0}', '{"large":"5"}'],
    ['{"large":9223372036854775808}', 'number_out_of_range'],
    ['{"large":"9223372036854775808"}', 'number_out_of_range'],
    ['{"large":-9223372036854775809}', 'number_out_of_range'],
    ['{"large":1e18}', 'number_out_of_range'],
    ['{"large":1.5}', 'wrong_type'],
    ['{"large":"1.5"}', 'wrong_type'],
    ['{"large":""}', 'wrong_type'],
    ['{"large":true}', 'wrong_type'],
    ['{"numbers":[1,"2",9007199254740993]}', '{"numbers":["1","2","9007199254740993"]}'],
    ['{"numbers":[]}', '{"numbers":[]}'],
    ['{"numbers":[null]}', 'wrong_type'],
    ['{"numbers":1}', 'wrong_type'],
    ['{"small":2147483647}', '{"small":2147483647}'],
    ['{"small":-2147483648}', '{"small":-2147483648}'],
    ['{"small":-0}', '{"small":0}'],
    ['{"small":2147483648}', 'number_out_of_range'],
    ['{"small":12345678901234567890}', 'number_out_of_range'],
    ['{"small":0.12345678901234567890}', 'wrong_type'],
    ['{"small":1.5}', 'wrong_type'],
    ['{"small":"1"}', 'wrong_type'],
    ['{"ratio":1e300}', '{"ratio":1e+300}'],
    ['{"ratio":-0.0}', '{"ratio":0}'],
    ['{"ratio":0.12345678901234567890}', '{"ratio":0.12345678901234568}'],
    ['{"ratio":12345678901234567890}', '{"ratio":1.2345678901234567e+19}'],
    ['{"ratio":1.1e300}', 'number_out_of_range'],
    ['{"ratio":1e999}', 'number_out_of_range'],
    ['{"ratio":"1"}', 'wrong_type'],
    ['{"amount":"1.23"}', '{"amount":"1.2300"}'],
    ['{"amount":99999999.000000001}', 'decimal_too_precise'],
    ['{"whole":12345}', '{"whole":"12345"}'],
    ['{"text":"a\\"b\\u00e4\\n"}', '{"text":"a\\"bä\\n"}'],
    ['{"text":1}', 'wrong_type'],
    ['{"color":"red"}', '{"color":"red"}'],
    ['{"color":"blue"}', 'not_in_enum'],
    ['{"color":1}', 'wrong_type'],
    ['{"flag":false}', '{"flag":false}'],
    ['{"flag":0}', 'wrong_type'],
    ['{"at":"1970-01-01T00:00:01+00:00"}', '{"at":1000}'],
    ['{"at":-1}', '{"at":-1}'],
    ['{"at":"1899-12-31"}', 'timestamp_out_of_range'],
    ['{"at":"2300-01-01"}', 'timestamp_out_of_range'],
    ['{"at":"soon"}', 'bad_timestamp'],
    [
      '{"ref":"550E8400-E29B-41D4-A716-446655440000"}',
      '{"ref":"550e8400-e29b-41d4-a716-446655440000"}',
    ],
    ['{"ref":"550e8400"}', 'wrong_type'],
    ['{"address":{"zip":1,"city":"c","more":[1]}}', '{"address":{"city":"c","zip":1,"more":[1]}}'],
    ['{"address":{"zip":1}}', 'missing_property'],
    ['{"address":{"city":1}}', 'wrong_type'],
    ['{"address":[]}', 'wrong_type'],
    ['{"text":null,"small":null}', '{}'],
    // A name that every object inherits is absent all the same.
    ['{"constructor":"c"}', '{"constructor":"c"}'],
    ['{"toString":"t"}', '{"toString":"t"}'],
  ])('%s becomes %s', async (sent, expected) => {
    expect(await everything(sent)).toBe(expected);
  });
});

describe('undeclared properties', () => {
  it.each([
    ['{"n":18446744073709551615}', '{"n":18446744073709551615}'],
    ['{"n":-9223372036854775808}', '{"n":-9223372036854775808}'],
    ['{"n":18446744073709551616}', 'number_out_of_range'],
    ['{"n":-9223372036854775809}', 'number_out_of_range'],
    ['{"n":1e20}', '{"n":1e+20}'],
    ['{"n":9007199254740994.0}', '{"n":9.007199254740994e+15}'],
    ['{"n":1e999}', 'number_out_of_range'],
    ['{"n":0.1}', '{"n":0.1}'],
    ['{"n":5e-324}', '{"n":5e-324}'],
    ['{"n":[1,null,{"b":1,"a":null}]}', '{"n":[1,null,{"b":1}]}'],
    // The store has no null among arrays, on no level of them.
    ['{"n":[null,[]]}', '{"n":[[],[]]}'],
    ['{"n":[[null],[1],null]}', '{"n":[[null],[1],[]]}'],
    ['{"n":[[null],[[null]],null]}', '{"n":[[[]],[[null]],[]]}'],
    ['{"n":[null,{"a":[null,[]]}]}', '{"n":[null,{"a":[[],[]]}]}'],
    // Nor an integer type for both signs beyond 63 bits.
    ['{"n":[9223372036854775807,-1]}', '{"n":[9223372036854775807,-1]}'],
    ['{"n":[9223372036854775808]}', 'number_out_of_range'],
    // And it writes a dot inside a name so.
    ['{"a.b":1}', '{"a.b":1}'],
    ['{"a%2Eb":1}', 'reserved_key'],
    ['{"__proto__":{"a":1}}', 'reserved_key'],
    ['{"a":[{"__proto__":null}]}', 'reserved_key'],
    // The store has one typed column for a name, whichever event declares it.
    ['{"price":"12.5"}', '{"price":"12.50"}'],
    ['{"price":"cheap"}', 'wrong_type'],
    ['{"category":5}', 'wrong_type'],
    // The last of two counts, exact numbers or not.
    ['{"n":1,"n":2}', '{"n":2}'],
    ['{"n":12345678901234567890,"n":2}', '{"n":2}'],
    ['{"n":2,"n":12345678901234567890}', '{"n":12345678901234567890}'],
  ])('%s becomes %s', async (sent, expected) => {
    expect(await everything(sent)).toBe(expected);
  });

  it('may nest 32 levels, the event and its properties among them', async () => {
    const nested = (levels: number): string => `{"n":${'['.repeat(levels)}1${']'.repeat(levels)}}`;
    expect(await everything(nested(30))).toBe(nested(30));
    expect(await everything(nested(31))).toBe('too_deep');
    expect(await everything(nested(100_000))).toBe('too_deep');
    const withLongNumber = nested(100_000).replace('1', '12345678901234567890');
    expect(await everything(withLongNumber)).toBe('too_deep');
  });

  it('may be a thousand names, those in arrays aside', async () => {
    const names = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, 1]));
    expect(await everything(JSON.stringify(names(1_000)))).toContain('n999');
    expect(await everything(JSON.stringify(names(1_001)))).toBe('too_many_properties');
    expect(await everything(JSON.stringify({ a: names(999) }))).toContain('n998');
    expect(await everything(JSON.stringify({ a: names(1_000) }))).toBe('too_many_properties');
    expect(await everything(JSON.stringify({ a: [names(999), names(999)] }))).toContain('n998');
    expect(await everything(JSON.stringify({ a: [names(1_000)] }))).toBe('too_many_properties');
  });
});

describe('time', () => {
  const at = (timestamp: unknown, more: object = {}): Promise<unknown> =>
    collectJson({ type: 'page', timestamp, ...more }).then(
      ({ log, rejected }) => rejected[0]?.code ?? log.values[0],
    );

  it('is the time of arrival where there is none', async () => {
    expect(await at(undefined)).toMatchObject({ timestamp: now, late: false });
    expect(await at(null, { sent_at: now - 5_000 })).toMatchObject({ timestamp: now });
  });

  it('is corrected by the clock of the sender', async () => {
    // Its clock is an hour behind; the event was made ten seconds before it was sent.
    const sent = now - 3_600_000;
    const event = { timestamp: now - 10_000, late: false };
    expect(await at(sent - 10_000, { sent_at: sent })).toMatchObject(event);
    const iso = { sentAt: new Date(sent).toISOString() };
    expect(await at(new Date(sent - 10_000).toISOString(), iso)).toMatchObject(event);
    expect(await at(now, { sent_at: 'then' })).toBe('bad_timestamp');
  });

  it('takes the sent_at beside a batch for events without their own', async () => {
    const { log } = await collectJson({
      sent_at: now - 1_000,
      batch: [
        { type: 'page', timestamp: now - 3_000 },
        { type: 'page', timestamp: now - 3_000, sent_at: now },
      ],
    });
    expect(log.values.map(({ timestamp }) => timestamp)).toEqual([now - 2_000, now - 3_000]);
  });

  it('is late from one millisecond beyond the allowed lateness', async () => {
    expect(await at(now - 10_000)).toMatchObject({ late: false });
    expect(await at(now - 10_001)).toMatchObject({ late: true });
  });

  it('may lie a day ahead, and as far back as events are kept', async () => {
    const day = 24 * 3_600_000;
    expect(await at(now + day)).toMatchObject({ timestamp: now + day });
    expect(await at(now + day + 1)).toBe('timestamp_in_future');
    expect(await at(now - 400 * day)).toMatchObject({ late: true });
    expect(await at(now - 400 * day - 1)).toBe('timestamp_too_old');
  });

  it('goes back to 1900 where everything is kept', async () => {
    const plan = { ...shopPlan, keepMs: null };
    const { log, rejected } = await collectJson(
      [
        { type: 'page', timestamp: '1900-01-01T00:00:00Z' },
        { type: 'page', timestamp: '1899-12-31T23:59:59.999Z' },
      ],
      { plan },
    );
    expect(log.values).toMatchObject([{ timestamp: Date.UTC(1900, 0, 1) }]);
    expect(rejected).toMatchObject([{ index: 1, code: 'timestamp_too_old' }]);
  });

  it('is no number of seconds', async () => {
    const plan = { ...shopPlan, keepMs: null };
    const { rejected } = await collectJson({ type: 'page', timestamp: now / 1000 }, { plan });
    expect(rejected).toMatchObject([{ code: 'bad_timestamp' }]);
  });
});

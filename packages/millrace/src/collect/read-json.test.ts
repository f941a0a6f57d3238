import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MillraceError } from '../errors.ts';
import { defaultCollectLimits } from './limits.ts';
import { LongNumber } from './numbers.ts';
import { type JsonItems, readJson } from './read-json.ts';
import { Refusal } from './refusals.ts';

const read = (body: string | Uint8Array, lines = false): JsonItems =>
  readJson(Buffer.from(body), lines, defaultCollectLimits);

const codes = ({ items }: JsonItems): unknown[] =>
  items.map((item) => (item instanceof Refusal ? item.code : item));

const failure = (body: string | Uint8Array): unknown => {
  try {
    return read(body);
  } catch (error) {
    if (error instanceof MillraceError) return { code: error.code, message: error.message };
    throw error;
  }
};

describe('readJson', () => {
  it.each([
    ['{"a":1}', [{ a: 1 }]],
    ['[{"a":1},{"a":2}]', [{ a: 1 }, { a: 2 }]],
    ['{"batch":[{"a":1}],"sent_at":5}', [{ a: 1 }]],
    ['{"batch":5}', [{ batch: 5 }]],
    ['\ufeff {"a":1}\n', [{ a: 1 }]],
    ['[]', []],
    ['{"batch":[]}', []],
    // NDJSON under the wrong name: not JSON as a whole, and a first line that is an object.
    ['{"a":1}\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
    ['{"a":1}\r\n\r\n{"a":2}', [{ a: 1 }, { a: 2 }]],
    ['{"a":1}\n{"a":', [{ a: 1 }, 'invalid_json']],
  ])('reads %s', (body, expected) => {
    expect(codes(read(body))).toEqual(expected);
  });

  it.each([
    ['', 'The body is empty.'],
    [' \n', 'The body is empty.'],
    ['{"a":', 'The body is not JSON: Unexpected end of JSON input.'],
    ['{"a":1}{"a":2}', 'after JSON at position 7'],
    ['{\n"a":1,\n}', 'position 9'],
    ['[{"a":1}\n{"a":2}]', 'position 9'],
    ['5', 'neither an object nor an array'],
    ['null', 'neither an object nor an array'],
    ['"a"', 'neither an object nor an array'],
  ])('refuses %j as a whole', (body, message) => {
    expect(failure(body)).toEqual({
      code: 'invalid_body',
      message: expect.stringContaining(message),
    });
  });

  it('bounds the number of events', () => {
    const batch = (count: number): string => `[${Array(count).fill('{}').join(',')}]`;
    expect(read(batch(10_000)).items).toHaveLength(10_000);
    expect(failure(batch(10_001))).toMatchObject({ code: 'batch_too_large' });
    expect(failure('{}\n'.repeat(10_001))).toMatchObject({ code: 'batch_too_large' });
  });

  it('reads each line by itself where the type says so', () => {
    const { items, raw } = read('\n{"a":1}\n{"b\n  \n[1]\n5\n{"c":2}{"d":3}\n{"e":4}', true);
    expect(items.map((item) => (item instanceof Refusal ? item.code : item))).toEqual([
      { a: 1 },
      'invalid_json',
      [1],
      5,
      'invalid_json',
      { e: 4 },
    ]);
    expect(Buffer.from(raw(1)).toString()).toBe('{"b');
  });

  it.each([true, false])('keeps every digit (in lines: %s)', (lines) => {
    const text =
      '{"a":9007199254740993,"b":-12345678901234567890,"c":1.0000000000000001,"d":0.10,"e":"12345678901234567890","f":[1234567890123456]}';
    expect(read(lines ? text : `[${text}]`, lines).items).toEqual([
      {
        a: 9007199254740993n,
        b: -12345678901234567890n,
        c: new LongNumber('1.0000000000000001'),
        d: 0.1,
        e: '12345678901234567890',
        f: [1234567890123456],
      },
    ]);
  });

  it('refuses only the events whose bytes are not UTF-8', () => {
    const bad = Buffer.from('{"a":"\xff"}', 'latin1');
    const good = Buffer.from('{"a":"ü"}');
    const array = Buffer.concat([
      Buffer.from('{"batch":['),
      good,
      Buffer.from(','),
      bad,
      Buffer.from(' , '),
      good,
      Buffer.from(']}'),
    ]);
    expect(codes(read(array))).toEqual([{ a: 'ü' }, 'invalid_utf8', { a: 'ü' }]);
    expect(Buffer.from(read(array).raw(1))).toEqual(bad);
    const newline = Buffer.from('\n');
    const lines = Buffer.concat([good, newline, bad, newline, good]);
    expect(codes(read(lines, true))).toEqual([{ a: 'ü' }, 'invalid_utf8', { a: 'ü' }]);
    expect(codes(read(bad))).toEqual(['invalid_utf8']);
  });

  it('takes the last of two batches', () => {
    const { items, raw } = read('{"batch":[1,2,3],"b\\u0061tch":[ {"a":1} ],"x":[7]}');
    expect(items).toEqual([{ a: 1 }]);
    expect(Buffer.from(raw(0)).toString()).toBe('{"a":1}');
  });

  it('knows bodies in which no string needs a look', () => {
    expect(read('{"a":"ü"}').plainStrings).toBe(true);
    expect(read('{"a":"\\n"}').plainStrings).toBe(false);
    expect(read(Buffer.from('{"a":"\xff"}', 'latin1')).plainStrings).toBe(false);
  });

  it('finds the exact bytes of each element, whatever is in it', () => {
    const spaced = (value: unknown): string =>
      JSON.stringify(value, null, 1).replaceAll('\n', ' \r\n\t');
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.boolean(),
        (values, around, inBatch) => {
          const body = spaced(inBatch ? { ...around, batch: values } : values);
          const { items, raw } = read(body);
          expect(items).toHaveLength(values.length);
          for (const index of values.keys()) {
            const text = Buffer.from(raw(index)).toString();
            expect(text.trim()).toBe(text);
            expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(values[index])));
          }
        },
      ),
    );
  });
});
